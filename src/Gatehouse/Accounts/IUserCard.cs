namespace Gatehouse.Accounts;

/// <summary>A card that a higher room puts on the page of a user (login link, passkeys, sessions).</summary>
public interface IUserCard
{
    /// <summary>Smaller stands higher.</summary>
    int Order { get; }

    /// <summary>A Razor component with a parameter <c>User</c> of type <see cref="Users.User"/>. It loads what it shows, and shows nothing where it has nothing to say.</summary>
    Type Component { get; }
}

/// <summary>A card known at start: <c>services.AddSingleton&lt;IUserCard&gt;(new UserCard(typeof(LoginLinkCard), 10))</c>.</summary>
public sealed record UserCard(Type Component, int Order) : IUserCard;
