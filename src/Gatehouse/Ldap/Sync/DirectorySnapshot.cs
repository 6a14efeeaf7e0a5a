using Gatehouse.Refusals;

namespace Gatehouse.Ldap.Sync;

/// <summary>One person as the directory has them, mapped and checked.</summary>
/// <param name="Id">The stable id.</param>
/// <param name="Off">Why nobody may sign in with the entry, in the directory's words; null when it is in use.</param>
internal sealed record DirectoryPerson(string Id, string Dn, string UserName, string Email, string DisplayName, string? GivenName, string? FamilyName, string? Off);

/// <summary>One group of the directory, its members worked out.</summary>
/// <param name="MemberIds">Stable ids of people, nested groups included when that is wanted, each once.</param>
internal sealed record DirectoryTeam(string Id, string Dn, string Name, IReadOnlyList<string> MemberIds);

/// <summary>An entry that can be nobody here.</summary>
/// <param name="Id">Its stable id where it has one: who is linked to it is not taken for gone.</param>
internal sealed record SkippedEntry(string? Id, string Dn, string Name, Refusal Why);

/// <summary>Everything a sync has read.</summary>
internal sealed record DirectorySnapshot(IReadOnlyList<DirectoryPerson> People, IReadOnlyList<SkippedEntry> Skipped, IReadOnlyList<DirectoryTeam> Teams, IReadOnlyList<string> Referrals, bool TeamsRead);
