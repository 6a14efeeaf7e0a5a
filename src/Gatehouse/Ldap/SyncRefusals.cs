using Gatehouse.Ldap.Sync;
using Gatehouse.Refusals;
using Gatehouse.Web;

namespace Gatehouse.Ldap;

/// <summary>A sync would switch off too many.</summary>
public sealed record SyncBraked(int Off, int Of, int Percent) : Refusal<SyncBraked>, IRefusal<SyncBraked>
{
    public static RefusalEntry Entry { get; } = new("ldap.brake", "The sync stopped: it would switch off many people",
        Public: "The sync stopped before it changed anything: it would switch off many people.",
        Fix: "Look at the plan. If base, filter and rights are right and these people have left, press Apply anyway; else mend the settings first.",
        Status: 409, Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static SyncBraked Example => new(212, 240, 20);
    public override string Target => "ldap";
    public override string Evidence => $"It would switch off {Off} of {Of} active people; more than {Percent} % stops and asks. Nothing was changed.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open the syncs", SyncPages.Path), new OpenPage("Open the settings", OnOurSide.Page)];
}

/// <summary>The directory answered with nobody although there were people (L11).</summary>
public sealed record SyncFoundNobody(int Of, int Skipped) : Refusal<SyncFoundNobody>, IRefusal<SyncFoundNobody>
{
    public static RefusalEntry Entry { get; } = new("ldap.empty_answer", "The sync stopped: the directory has nobody any more",
        Public: "The sync stopped before it changed anything: the directory's answer was empty.",
        Fix: "Nearly always the filter, the base DN or the rights of the bind account changed. Test the directory; apply the plan only if everybody has really left.",
        Status: 409, Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static SyncFoundNobody Example => new(5000, 0);
    public override string Target => "ldap";
    public override string Evidence => $"The search passed and found nobody, where {Of} active people came from before{(Skipped > 0 ? $"; {Skipped} entries came that could not be used" : "")}. Nothing was changed.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Test the directory", OnOurSide.Page), new OpenPage("Open the syncs", SyncPages.Path)];
}

/// <summary>The directory answered with no group although there were some with members.</summary>
public sealed record SyncFoundNoGroups(int Groups, int Memberships) : Refusal<SyncFoundNoGroups>, IRefusal<SyncFoundNoGroups>
{
    public static RefusalEntry Entry { get; } = new("ldap.empty_groups", "The sync stopped: the directory has no groups any more",
        Public: "The sync stopped before it changed anything: the directory's answer about groups was empty.",
        Fix: "Nearly always the group filter or the rights of the bind account changed. To keep groups as they are, empty the group filter.",
        Status: 409, Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static SyncFoundNoGroups Example => new(200, 4100);
    public override string Target => "ldap";
    public override string Evidence => $"The search passed and found no group, where {Groups} groups with {Memberships} memberships came from before. Nothing was changed.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Test the directory", OnOurSide.Page), new OpenPage("Open the syncs", SyncPages.Path)];
}

/// <summary>Another sync is at work.</summary>
public sealed record SyncRunning(string Holder) : Refusal<SyncRunning>, IRefusal<SyncRunning>
{
    public static RefusalEntry Entry { get; } = new("ldap.sync_running", "A sync is running already",
        Public: "A sync is running already. Wait until it is done.", Fix: "Wait until it is done; a crashed one gives way after ten minutes.",
        Status: 409, Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static SyncRunning Example => new("ada@example.com");
    public override string Evidence => $"A sync by {Printable.Cap(Holder, 100)} is running.";
}

/// <summary>The plan that was looked at is not the plan of this moment.</summary>
public sealed record PlanChanged(string Run) : Refusal<PlanChanged>, IRefusal<PlanChanged>
{
    public static RefusalEntry Entry { get; } = new("ldap.plan_changed", "The directory or the accounts changed since the plan was made",
        Public: "The directory or the accounts changed since this plan was made. Look at the new plan.", Fix: "Make a new plan, look at it, and apply that one.",
        Status: 409, Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static PlanChanged Example => new("0199aaaa");
    public override string Evidence => "What would be done now differs from the plan that was looked at; nothing was changed.";
}

/// <summary>Only the last run can be taken back, and only once.</summary>
public sealed record CannotUndo(string Why) : Refusal<CannotUndo>, IRefusal<CannotUndo>
{
    public static RefusalEntry Entry { get; } = new("ldap.cannot_undo", "This run cannot be taken back",
        Public: "This run cannot be taken back.", Fix: "Only the latest run that changed something can be taken back, once.",
        Status: 409, Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static CannotUndo Example => new("a later run changed more");
    public override string Evidence => $"It cannot be taken back: {Why}.";
}

/// <summary>The entry has no value where one is needed.</summary>
public sealed record EntryLacksAttribute(string Dn, string Attribute, string Meaning) : Refusal<EntryLacksAttribute>, IRefusal<EntryLacksAttribute>
{
    public static RefusalEntry Entry { get; } = new("ldap.entry_lacks_attribute", "An entry lacks a mapped attribute",
        Public: "This entry of the directory has not all that an account needs.",
        Fix: "Fill the attribute in the directory, map another one, or let the bind account read it.", Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static EntryLacksAttribute Example => new("uid=ada,ou=people,dc=corp,dc=example", "mail", "e-mail");
    public override string Target => Dn;
    public override string Evidence => $"{Dn} has no single readable {Attribute} ({Meaning}).";
}

/// <summary>The entry's value cannot be used here.</summary>
public sealed record EntryAttributeUnusable(string Dn, string Attribute, string Fault) : Refusal<EntryAttributeUnusable>, IRefusal<EntryAttributeUnusable>
{
    public static RefusalEntry Entry { get; } = new("ldap.entry_attribute_unusable", "A mapped attribute of an entry cannot be used",
        Public: "A value of this entry of the directory cannot be used for an account.",
        Fix: "Correct the value in the directory, or map another attribute.", Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static EntryAttributeUnusable Example => new("uid=ada,ou=people,dc=corp,dc=example", "mail", "The e-mail address cannot be used: it holds two @ signs.");
    public override string Target => Dn;
    public override string Evidence => $"{Attribute} of {Dn}: {Fault}";
}

/// <summary>Two entries carry one stable id.</summary>
public sealed record EntryIdTwice(string Id, string[] Dns) : Refusal<EntryIdTwice>, IRefusal<EntryIdTwice>
{
    public static RefusalEntry Entry { get; } = new("ldap.entry_id_twice", "Two entries carry the same id",
        Public: "Two entries of the directory carry the same id.", Fix: "Map an id attribute that the server keeps unique: entryUUID, objectGUID, ipaUniqueID, nsUniqueId.",
        Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static EntryIdTwice Example => new("1001", ["uid=ada,ou=people,dc=corp", "uid=ada,ou=old,dc=corp"]);
    public override string Target => Id;
    public override string Evidence => $"The id {Printable.Cap(Id, 60)} is carried by {List(Dns.Select(d => Printable.Cap(d, 200)))}; none of them was touched.";
}

/// <summary>Two entries want one name or address.</summary>
public sealed record EntryShared(string Dn, string What, string Value, int Entries) : Refusal<EntryShared>, IRefusal<EntryShared>
{
    public static RefusalEntry Entry { get; } = new("ldap.entry_shared", "Several entries share a name or an address",
        Public: "Several entries of the directory share a name or an address.", Fix: "Give each entry its own, or narrow the filter so that only one of them fits.",
        Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static EntryShared Example => new("uid=ada,ou=people,dc=corp,dc=example", "e-mail", "office@corp.example", 2);
    public override string Target => Dn;
    public override string Evidence => $"{Entries} entries have the {What} {Printable.Cap(Value, 100)}; {Printable.Cap(Dn, 300)} is one of them.";
}

/// <summary>The address of an entry is that of another account.</summary>
public sealed record EntryEmailTaken(string Dn, string Email, UserRef Owner, string Source, string Role) : Refusal<EntryEmailTaken>, IRefusal<EntryEmailTaken>
{
    public static RefusalEntry Entry { get; } = new("ldap.email_conflict", "An entry has the e-mail of another account",
        Public: "Another account here has the e-mail of this entry.",
        Fix: "If both are the same person, link the account to the entry on the account's page; else change one of the two addresses.",
        Status: 409, Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static EntryEmailTaken Example => new("uid=ada,ou=people,dc=corp,dc=example", "ada@corp.example", new("u1", "Ada"), "local", "admin");
    public override string Target => Dn;
    public override string Evidence => $"{Printable.Cap(Email, 254)} of {Printable.Cap(Dn, 300)} belongs to the {Source} account {Owner.Name} (role {Role}). Nothing was merged.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Owner.Name}", $"/admin/users/{Owner.Id}")];
}

/// <summary>The user name of an entry is that of another account.</summary>
public sealed record EntryNameTaken(string Dn, string UserName, UserRef Owner, string Source, string Role) : Refusal<EntryNameTaken>, IRefusal<EntryNameTaken>
{
    public static RefusalEntry Entry { get; } = new("ldap.name_conflict", "An entry has the user name of another account",
        Public: "Another account here has the user name of this entry.",
        Fix: "If both are the same person, link the account to the entry on the account's page; else change one of the two names.",
        Status: 409, Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static EntryNameTaken Example => new("uid=ada,ou=people,dc=corp,dc=example", "ada", new("u1", "Ada"), "local", "admin");
    public override string Target => Dn;
    public override string Evidence => $"{UserName} of {Printable.Cap(Dn, 300)} belongs to the {Source} account {Owner.Name} (role {Role}). Nothing was merged.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Owner.Name}", $"/admin/users/{Owner.Id}")];
}

/// <summary>A group here has the name of a group there.</summary>
public sealed record TeamNameTaken(string Dn, string Name, GroupRef Owner) : Refusal<TeamNameTaken>, IRefusal<TeamNameTaken>
{
    public static RefusalEntry Entry { get; } = new("ldap.group_name_conflict", "A group of the directory has the name of another group",
        Public: "Another group here has this name.", Fix: "Rename one of the two, or narrow the group filter.", Status: 409, Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static TeamNameTaken Example => new("cn=ops,ou=groups,dc=corp,dc=example", "ops", new("g1", "ops"));
    public override string Target => Dn;
    public override string Evidence => $"{Printable.Cap(Dn, 300)} is called {Name}, as the group {Owner.Name} made here is. Nothing was merged.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Owner.Name}", $"/admin/groups/{Owner.Id}")];
}

/// <summary>The entry is switched off in the directory, and there is no account yet.</summary>
public sealed record EntrySwitchedOff(string Dn, string Off) : Refusal<EntrySwitchedOff>, IRefusal<EntrySwitchedOff>
{
    public static RefusalEntry Entry { get; } = new("ldap.entry_switched_off", "The entry is switched off in the directory",
        Public: "This entry is switched off in the directory.", Fix: "Switch it on in the directory, then sync.", Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static EntrySwitchedOff Example => new("uid=ada,ou=people,dc=corp,dc=example", "userAccountControl is 514: disabled");
    public override string Target => Dn;
    public override string Evidence => $"{Printable.Cap(Dn, 300)}: {Off}. No account is made for it.";
}

/// <summary>An admin deleted the account here; a sync does not bring it back.</summary>
public sealed record DeletedHere(string Dn, string UserId, string Name) : Refusal<DeletedHere>, IRefusal<DeletedHere>
{
    public static RefusalEntry Entry { get; } = new("ldap.deleted_here", "The account was deleted here",
        Public: "The account of this entry was deleted here.", Fix: "Undo the deletion on the page of deleted users; after a week, press Let in again under Explain this user.",
        Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static DeletedHere Example => new("uid=ada,ou=people,dc=corp,dc=example", "u1", "Ada");
    public override string Target => UserId;
    public override string Evidence => $"The account of {Name} ({Printable.Cap(Dn, 300)}) was deleted by an admin; no sync brings it back.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open deleted users", "/admin/users?state=deleted")];
}

/// <summary>An admin disabled the account here; that survives every sync.</summary>
public sealed record DisabledHere(string Dn, UserRef User, string By) : Refusal<DisabledHere>, IRefusal<DisabledHere>
{
    public static RefusalEntry Entry { get; } = new("ldap.disabled_here", "The account was disabled here",
        Public: "The account of this entry was disabled here.", Fix: "Restore it on the user's page if this person should have access.", Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static DisabledHere Example => new("uid=ada,ou=people,dc=corp,dc=example", new("u1", "Ada"), "grace@example.com");
    public override string Target => User.Id;
    public override string Evidence => $"{User.Name} was disabled by {By}; the directory has the entry in use, and the sync leaves the account disabled.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {User.Name}", $"/admin/users/{User.Id}")];
}

/// <summary>An admin switched an account on that a sync had switched off; that stays too.</summary>
public sealed record KeptOnByAdmin(string Dn, UserRef User, string Off) : Refusal<KeptOnByAdmin>, IRefusal<KeptOnByAdmin>
{
    public static RefusalEntry Entry { get; } = new("ldap.kept_on", "An admin switched the account on again",
        Public: "An admin switched this account on again although the directory has it off.", Fix: "Disable it on the user's page if that was not meant.", Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static KeptOnByAdmin Example => new("uid=ada,ou=people,dc=corp,dc=example", new("u1", "Ada"), "nsAccountLock is TRUE");
    public override string Target => User.Id;
    public override string Evidence => $"A sync had switched {User.Name} off ({Off}); an admin switched the account on again, and it stays on.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {User.Name}", $"/admin/users/{User.Id}")];
}

/// <summary>Switching it off would leave no admin.</summary>
public sealed record LastAdminSpared(string Dn, UserRef User, string Act) : Refusal<LastAdminSpared>, IRefusal<LastAdminSpared>
{
    public static RefusalEntry Entry { get; } = new("ldap.last_admin_spared", "The sync spared the last admin",
        Public: "The last active admin stays.", Fix: "Promote another active user to admin, then sync again.", Status: 409, Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static LastAdminSpared Example => new("uid=ada,ou=people,dc=corp,dc=example", new("u1", "Ada"), "disable");
    public override string Target => User.Id;
    public override string Evidence => $"The plan said to {Act} {User.Name}, the only active admin; that was left out.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open users", "/admin/users")];
}
