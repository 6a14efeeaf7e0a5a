namespace Gatehouse.Refusals;

/// <summary>
/// A typed act that mends a cause: data only. The room that owns the thing changed implements <c>IRemedyHandler&lt;T&gt;</c> (declared in Audit).
/// </summary>
public abstract record Remedy
{
    /// <summary>The button's label: verb and object, in English (a localiser key).</summary>
    public abstract string Label { get; }

    /// <summary>True when it lets more in than before; then only a proven user's or operator's case offers it in one click.</summary>
    public virtual bool Widens => false;
}

/// <summary>Put a user into a group.</summary>
public sealed record AddUserToGroup(UserRef User, GroupRef Group) : Remedy
{
    public override string Label => $"Add {User.Name} to {Group.Name}";
    public override bool Widens => true;
}

/// <summary>Let every active user open a client.</summary>
public sealed record LiftGroupRestriction(ClientRef Client) : Remedy
{
    public override string Label => $"Let every active user open {Client.Name}";
    public override bool Widens => true;
}

/// <summary>Register one more callback URL with a client.</summary>
public sealed record AddCallbackUrl(ClientRef Client, string Url) : Remedy
{
    public override string Label => "Add this callback URL";
    public override bool Widens => true;
}

/// <summary>Switch a disabled account on again.</summary>
public sealed record RestoreUser(UserRef User) : Remedy
{
    public override string Label => $"Restore {User.Name}";
    public override bool Widens => true;
}

/// <summary>Mail a user a login link, to the address that is stored.</summary>
public sealed record SendLoginLink(UserRef User) : Remedy
{
    public override string Label => $"Send {User.Name} a login link";
}

/// <summary>Not an act but a way: the page where the admin mends it by hand.</summary>
/// <param name="Path">A path of ours, beginning with a slash.</param>
public sealed record OpenPage(string Title, string Path) : Remedy
{
    public override string Label => Title;
}
