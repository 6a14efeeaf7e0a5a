using System.Text.Json;
using Gatehouse.Accounts.Users;
using Gatehouse.Data;
using Gatehouse.Refusals;

namespace Gatehouse.SignIn.Passwords;

/// <summary>Who may sign in with a password, and what a password must be. Off until an admin switches it on.</summary>
public sealed record PasswordSettings
{
    public const string Local = "local", Directory = "directory";
    private const string Name = "passwords";

    public bool Enabled { get; init; }

    /// <summary>"local" and "directory"; an exact <see cref="User.Source"/> also counts.</summary>
    public IReadOnlyList<string> Sources { get; init; } = [Local, Directory];

    /// <summary>Ids of groups; empty means everybody.</summary>
    public IReadOnlyList<string> Groups { get; init; } = [];

    /// <summary>E-mail domains, lower case; empty means any. The only rule that a stranger may see.</summary>
    public IReadOnlyList<string> Domains { get; init; } = [];

    /// <summary>Whether people may ask for a reset by mail.</summary>
    public bool Reset { get; init; } = true;

    /// <summary>How many former passwords may not come back; 0 means only the present one.</summary>
    public int History { get; init; }

    /// <summary>Days after which a password must be changed; 0 means never, which is best.</summary>
    public int MaxAgeDays { get; init; }

    public static async ValueTask<PasswordSettings> Of(Settings settings) =>
        await settings.Get(Name) is { } text ? JsonSerializer.Deserialize<PasswordSettings>(text) ?? new() : new();

    public Task Save(Sql sql, Settings settings) => settings.Set(sql, Name, JsonSerializer.Serialize(this));

    /// <summary>What the page may know of a typed name before proof: the domain, and nothing else. A user name has none.</summary>
    public bool DomainAllows(string typed)
    {
        var at = typed.LastIndexOf('@');
        return at < 0 || Domains.Count == 0 || Domains.Contains(UserStore.Fold(typed[(at + 1)..]), StringComparer.Ordinal);
    }

    /// <summary>Null when this user may sign in with a password.</summary>
    public Refusal? Judge(User user, IReadOnlyList<GroupRef> groups)
    {
        if (!Enabled) return new PasswordsOff();
        if (!DomainAllows(user.Email)) return new PasswordDisabledForDomain(user.Ref, user.Email[(user.Email.LastIndexOf('@') + 1)..].ToLowerInvariant(), [.. Domains]);
        if (!Sources.Contains(user.Source == "local" ? Local : Directory, StringComparer.Ordinal) && !Sources.Contains(user.Source, StringComparer.Ordinal))
            return new PasswordDisabledForAccount(user.Ref, $"accounts of the source {user.Source} have none");
        return Groups.Count == 0 || groups.Any(g => Groups.Contains(g.Id)) ? null : new PasswordDisabledForAccount(user.Ref, "the account is in none of the groups that may");
    }

    public string Describe() => !Enabled ? "off"
        : $"on for {string.Join(" and ", Sources)}{(Groups.Count > 0 ? $", {Groups.Count} groups" : "")}{(Domains.Count > 0 ? $", domains {string.Join(", ", Domains)}" : "")}"
            + $"{(Reset ? "" : ", no reset by mail")}{(History > 0 ? $", {History} remembered" : "")}{(MaxAgeDays > 0 ? $", changed every {MaxAgeDays} days" : "")}";
}
