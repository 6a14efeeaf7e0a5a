namespace Gatehouse.Web;

/// <summary>One line of the side bar; every room brings its own.</summary>
/// <param name="Section">"Account", "Sign-ins" or "Administration"; "" stands first.</param>
/// <param name="Icon">A name of Parts/Icon.</param>
public sealed record MenuEntry(string Section, string Title, string Path, Access Level, int Order, string Icon = "gear");

/// <summary>Where a room declares its menu entries (registered as services).</summary>
public interface IMenuEntry
{
    IEnumerable<MenuEntry> Entries { get; }
}

/// <summary>Menu entries known at start.</summary>
public sealed class MenuEntries(params MenuEntry[] entries) : IMenuEntry
{
    public IEnumerable<MenuEntry> Entries => entries;
}
