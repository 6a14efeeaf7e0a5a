using System.Reflection;
using Gatehouse.Refusals;
using Gatehouse.Tests.Parts;
using Mono.Cecil;
using Mono.Cecil.Cil;

namespace Gatehouse.Tests.House;

/// <summary>What holds for every refusal, whichever room raises it.</summary>
public class CatalogueTests
{
    private static readonly string[] Subjects =
    [
        "setup", "account", "passkey", "password", "mfa", "link", "mail", "browser", "oidc", "ldap", "saml", "upstream", "network", "key", "connection", "ops", "signin", "signup",
    ];

    private static readonly string Shipped = Repository.At("tests", "refusals.shipped.txt");

    [Fact]
    public void Codes_are_unique()
    {
        var twice = typeof(Refusal).Assembly.GetTypes().Where(t => t is { IsAbstract: false } && t.IsSubclassOf(typeof(Refusal)))
            .GroupBy(t => ((RefusalEntry)t.GetProperty("Entry", BindingFlags.Public | BindingFlags.Static)!.GetValue(null)!).Code)
            .Where(g => g.Count() > 1).Select(g => $"{g.Key}: {string.Join(", ", g.Select(t => t.Name))}");
        Assert.Empty(twice);
    }

    [Fact]
    public void Codes_begin_with_a_known_subject()
    {
        Assert.Empty(Each(i => !Subjects.Contains(i.Entry.Code.Split('.')[0]) || !i.Entry.Code.Contains('.', StringComparison.Ordinal)));
        Assert.Empty(Each(i => i.Entry.Code.Any(c => c is not (>= 'a' and <= 'z' or >= '0' and <= '9' or '.' or '_'))));
    }

    [Fact]
    public void Every_refusal_answers_with_a_status_of_4xx() => Assert.Empty(Each(i => i.Entry.Status is < 400 or > 499));

    [Fact]
    public void Every_text_is_a_sentence_and_says_something()
    {
        Assert.Empty(Each(i => string.IsNullOrWhiteSpace(i.Entry.Title) || i.Entry.Title.EndsWith('.')));
        Assert.Empty(Each(i => i.Entry.Public[^1] != '.' || i.Entry.Fix[^1] is not ('.' or '?')));
        Assert.Empty(Each(i => string.IsNullOrWhiteSpace(i.Example.Evidence)));
    }

    [Fact]
    public void Every_example_survives_store_and_read()
    {
        foreach (var item in RefusalCatalogue.All)
        {
            var stored = RefusalCatalogue.Write(item.Example);
            var read = RefusalCatalogue.Read(item.Entry.Code, stored);
            Assert.NotNull(read);
            Assert.Equal(item.Example.Evidence, read.Evidence);
            Assert.Equal(item.Example.Target, read.Target);
            Assert.Equal(item.Example.Difference, read.Difference);
            Assert.Equal(item.Example.Remedies.Select(r => r.ToString()), read.Remedies.Select(r => r.ToString()));
            Assert.Equal(stored, RefusalCatalogue.Write(read));
        }
    }

    [Fact]
    public void Refusals_that_share_a_public_code_look_the_same_outside()
    {
        var told = RefusalCatalogue.All.Where(i => i.Entry is { Audience: Audience.ToAnyone, PublicCode: not null }).GroupBy(i => i.Entry.PublicCode)
            .Where(g => g.Select(i => (i.Entry.Public, i.Entry.Wire, i.Entry.Status)).Distinct().Count() > 1)
            .Select(g => $"{g.Key}: {string.Join(", ", g.Select(i => i.Entry.Code))}");
        Assert.Empty(told);
    }

    [Fact]
    public void A_code_that_shipped_stays()
    {
        var shipped = File.Exists(Shipped) ? File.ReadAllLines(Shipped) : [];
        var codes = RefusalCatalogue.All.Select(i => i.Entry.Code).ToArray();
        if (Repository.WriteDocs) File.WriteAllLines(Shipped, shipped = [.. shipped.Union(codes).Order(StringComparer.Ordinal)]);
        Assert.Empty(shipped.Except(codes));
        Assert.True(!codes.Except(shipped).Any(),
            $"not in tests/refusals.shipped.txt: {string.Join(", ", codes.Except(shipped))}. Run the tests once with GATEHOUSE_WRITE_DOCS=1 and commit it.");
    }

    [Fact]
    public void Every_refusal_is_raised_somewhere()
    {
        var raised = Compiled.Types(Compiled.Module)
            .SelectMany(t => t.Methods.Where(m => m.HasBody && m.Name is not ("get_Example" or "<Clone>$" or ".cctor")))
            .SelectMany(m => m.Body.Instructions)
            .Where(i => i.OpCode == OpCodes.Newobj).Select(i => ((MethodReference)i.Operand).DeclaringType.FullName)
            .ToHashSet(StringComparer.Ordinal);
        Assert.Empty(Each(i => !raised.Contains(i.Type.FullName!)));
    }

    private static IEnumerable<string> Each(Func<CatalogueItem, bool> wrong) => RefusalCatalogue.All.Where(wrong).Select(i => i.Entry.Code);
}
