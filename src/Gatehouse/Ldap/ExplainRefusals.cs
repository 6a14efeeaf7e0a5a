using Gatehouse.Refusals;
using Gatehouse.Web;

namespace Gatehouse.Ldap;

/// <summary>The directory knows nobody of that name.</summary>
public sealed record NotInDirectory(string Name, string[] Attributes) : Refusal<NotInDirectory>, IRefusal<NotInDirectory>
{
    public static RefusalEntry Entry { get; } = new("ldap.not_in_directory", "Nobody of that name is in the directory",
        Public: "The directory knows nobody of that name.", Fix: "Create the person in the directory, check the spelling, or let the bind account see the part of the tree where they stand.",
        Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static NotInDirectory Example => new("ada", ["uid", "mail"]);
    public override string Target => Name;
    public override string Evidence => $"No entry that the bind account may see has {string.Join(" or ", Attributes)} = {Printable.Cap(Name, 100)}.";
}

/// <summary>The entry is there, but not where we look.</summary>
public sealed record OutsideBase(string Dn, string[] Bases) : Refusal<OutsideBase>, IRefusal<OutsideBase>
{
    public static RefusalEntry Entry { get; } = new("ldap.outside_base", "The entry stands outside the base DN",
        Public: "This entry stands where the sync does not look.", Fix: "Add the place where it stands to the base DNs, or move the entry.", Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static OutsideBase Example => new("uid=ada,ou=external,dc=corp,dc=example", ["ou=people,dc=corp,dc=example"]);
    public override string Target => Dn;
    public override string Evidence => $"{Dn} is not below {List(Bases)}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Change the base DNs", OnOurSide.Page)];
}

/// <summary>The filter leaves the entry out; these clauses are why.</summary>
public sealed record ExcludedByFilter(string Dn, string[] Clauses) : Refusal<ExcludedByFilter>, IRefusal<ExcludedByFilter>
{
    public static RefusalEntry Entry { get; } = new("ldap.excluded_by_filter", "The user filter leaves the entry out",
        Public: "The user filter leaves this entry out.", Fix: "Change the entry so that the named clause fits, or change the filter.", Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static ExcludedByFilter Example => new("uid=ada,ou=people,dc=corp,dc=example", ["(memberOf=cn=staff,ou=groups,dc=corp,dc=example)"]);
    public override string Target => Dn;
    public override string Evidence => $"{Dn} does not fit {(Clauses.Length == 0 ? "the filter" : string.Join(" nor ", Clauses))}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Change the user filter", OnOurSide.Page)];
}

/// <summary>The filter is well formed and fits nobody.</summary>
public sealed record FilterFindsNobody(string Filter, string Base) : Refusal<FilterFindsNobody>, IRefusal<FilterFindsNobody>
{
    public static RefusalEntry Entry { get; } = new("ldap.filter_finds_nobody", "The user filter fits nobody",
        Public: "The user filter fits nobody.", Fix: "Try the ldapsearch command shown beside the test with (objectClass=*), and see what the entries are really like.",
        Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static FilterFindsNobody Example => new("(objectClass=persn)", "ou=people,dc=corp,dc=example");
    public override string Target => Base;
    public override string Evidence => $"{Printable.Cap(Filter, 300)} fits no entry below {Printable.Cap(Base, 300)} that the bind account may see.";
}
