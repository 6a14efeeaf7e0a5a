using System.Text.Json;
using Gatehouse.Accounts.Users;
using Gatehouse.Data;
using Gatehouse.Refusals;

namespace Gatehouse.SignIn.SecondFactors;

/// <summary>Who needs a second factor after a password or link. A passkey is two factors in one and always suffices.</summary>
public sealed record FactorSettings
{
    public const string Optional = "optional", Admins = "admins", Everyone = "everyone";
    private const string Name = "second_factors";

    /// <summary>"optional", "admins" or "everyone".</summary>
    public string Who { get; init; } = Optional;

    /// <summary>Ids of groups whose members need one, whatever <see cref="Who"/> says.</summary>
    public IReadOnlyList<string> Groups { get; init; } = [];

    /// <summary>Ids of applications that need one.</summary>
    public IReadOnlyList<string> Clients { get; init; } = [];

    /// <summary>Days in which somebody who needs one and has none still gets in without; 0 means registering it at the next sign-in.</summary>
    public int GraceDays { get; init; }

    /// <summary>Days a person may choose not to be asked again in a browser; 0 means always asked. Admins and the applications above always ask.</summary>
    public int RememberDays { get; init; }

    /// <summary>Whether a reset by an admin needs a second admin's approval.</summary>
    public bool SecondApprover { get; init; }

    /// <summary>When the rule about who was last made wider, Unix milliseconds: the grace counts from here.</summary>
    public long Since { get; init; }

    public static async ValueTask<FactorSettings> Of(Settings settings) =>
        await settings.Get(Name) is { } text ? JsonSerializer.Deserialize<FactorSettings>(text) ?? new() : new();

    public Task Save(Sql sql, Settings settings) => settings.Set(sql, Name, JsonSerializer.Serialize(this));

    /// <summary>Why this user needs a second factor everywhere; null when not.</summary>
    public string? Demand(User user, IReadOnlyList<GroupRef> groups) =>
        Who == Everyone ? "everybody needs a second factor"
        : Who == Admins && user.IsViewer ? "administrators and viewers need a second factor"
        : groups.FirstOrDefault(g => Groups.Contains(g.Id)) is { } group ? $"the group {group.Name} needs a second factor" : null;

    /// <summary>True when an application insists on a second factor of everybody.</summary>
    public bool DemandedBy(ClientRef? client) => client is not null && Clients.Contains(client.Id);

    /// <summary>When the grace of somebody without a factor is over, Unix milliseconds.</summary>
    public long GraceEnds(User user) => Math.Max(Since, user.CreatedAt) + (long)TimeSpan.FromDays(GraceDays).TotalMilliseconds;

    public string Describe() => $"{Who}{(Groups.Count > 0 ? $", {Groups.Count} groups" : "")}{(Clients.Count > 0 ? $", {Clients.Count} applications" : "")}"
        + $", {GraceDays} days of grace, remembered for {RememberDays} days{(SecondApprover ? ", resets need a second admin" : "")}";
}
