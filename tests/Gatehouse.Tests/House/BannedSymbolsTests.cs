using Gatehouse.Tests.Parts;
using Mono.Cecil;
using Mono.Cecil.Cil;

namespace Gatehouse.Tests.House;

/// <summary>Holds the compiled program against BannedSymbols.txt.</summary>
public class BannedSymbolsTests
{
    private sealed record Ban(string Symbol, string[] Parts, string[] Allowed, string Why);

    private static readonly Ban[] Bans =
    [
        .. File.ReadLines(Repository.At("BannedSymbols.txt"))
            .Where(line => line.Length > 0 && line[0] != '#')
            .Select(line => line.Split(" | "))
            .Select(cells => new Ban(cells[0].Trim(), [.. cells[0].Split(" + ").Select(p => p.Trim())],
                cells[1].Trim() == "-" ? [] : [.. cells[1].Split(',').Select(a => a.Trim())], cells[2].Trim())),
    ];

    [Fact]
    public void Nothing_banned_is_used()
    {
        var found = Scan(Compiled.Module).Where(f => !f.Ban.Allowed.Any(a => Stands(f.Type, a)))
            .Select(f => $"{Compiled.PlaceOf(f.Type)} ({f.Method.Name}) uses {f.Ban.Symbol}: {f.Ban.Why}").Distinct().Order(StringComparer.Ordinal).ToArray();
        Assert.True(found.Length == 0, string.Join('\n', found));
    }

    [Fact]
    public void The_scan_sees_what_it_looks_for()
    {
        using var module = ModuleDefinition.ReadModule(typeof(BannedSymbolsTests).Assembly.Location);
        var seen = Scan(module).Where(f => f.Type.FullName.Contains(nameof(Sinner), StringComparison.Ordinal)).Select(f => f.Ban.Symbol).Order(StringComparer.Ordinal);
        Assert.Equal(
            new[] { "\"X-Forwarded-*", "System.DateTime.UtcNow", "System.Net.Http.HttpClient.new", "System.Random.*", "System.Text.Encoding.UTF8 + System.Text.Encoding.GetString", "System.Threading.Tasks.Task.Result", "System.Uri.op_Equality" }
                .Order(StringComparer.Ordinal), seen);
    }

    [Fact]
    public void Every_symbol_of_the_list_exists()
    {
        foreach (var part in Bans.SelectMany(b => b.Parts).Where(p => p[0] != '"'))
        {
            var dot = part.LastIndexOf('.');
            var (name, member) = (part[..dot], part[(dot + 1)..]);
            var types = Assemblies.Select(a => Type.GetType($"{name}, {a}")).Where(t => t is not null).ToArray();
            Assert.True(types.Length > 0, $"{part}: no such type");
            var members = types.SelectMany(t => t!.GetMembers()).Select(m => m.Name == ".ctor" ? "new" : m.Name);
            Assert.True(members.Any(m => Matches(m, member)) || types.Any(t => Type.GetType($"{t!.FullName}`1, {t.Assembly.GetName().Name}")?.GetMember(member).Length > 0), $"{part}: no such member");
        }
    }

    private static readonly string[] Assemblies =
    [
        "System.Private.CoreLib", "System.Private.Uri", "System.Net.Http", "System.Net.Security", "System.Security.Cryptography", "System.Net.Mail",
        "Microsoft.AspNetCore.Http.Abstractions", "Microsoft.AspNetCore.Http.Extensions", "Microsoft.AspNetCore.WebUtilities", "Microsoft.AspNetCore.Components",
    ];

    private static IEnumerable<(TypeDefinition Type, MethodDefinition Method, Ban Ban)> Scan(ModuleDefinition module)
    {
        foreach (var type in Compiled.Types(module))
            foreach (var method in type.Methods.Where(m => m.HasBody))
            {
                var used = method.Body.Instructions.Select(Name).OfType<string>().Distinct().ToArray();
                foreach (var ban in Bans)
                    if (ban.Parts.All(part => used.Any(u => Matches(u, part)))) yield return (type, method, ban);
            }
    }

    /// <summary>Namespace.Type.Member of what an instruction calls; a literal as it stands after a quotation mark.</summary>
    private static string? Name(Instruction instruction) => instruction.Operand switch
    {
        string literal => "\"" + literal,
        MethodReference method => $"{method.DeclaringType.GetElementType().FullName.Split('`')[0].Replace('/', '.')}.{Member(method.Name)}",
        _ => null,
    };

    private static string Member(string name) => name == ".ctor" ? "new" : name.StartsWith("get_", StringComparison.Ordinal) ? name[4..] : name;

    private static bool Matches(string used, string pattern) => pattern[^1] == '*'
        ? used.StartsWith(pattern[..^1], pattern[0] == '"' ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal)
        : used == pattern;

    // An allowed place is a room, a room's sub-room, or one type in it.
    private static bool Stands(TypeDefinition type, string allowed) => Compiled.RoomOf(type) == allowed
        || Compiled.PlaceOf(type) == allowed || Compiled.PlaceOf(type).StartsWith(allowed + ".", StringComparison.Ordinal);

    /// <summary>Uses a handful of what is banned, so that the scan can be seen to work; never called.</summary>
    private static class Sinner
    {
        public static async Task<object> Everything(Uri a, Uri b, byte[] bytes, Task<int> task)
        {
            await task;
            using var http = new HttpClient();
            return (DateTime.UtcNow, Random.Shared.Next(), a == b, System.Text.Encoding.UTF8.GetString(bytes), task.Result, "x-forwarded-for", http);
        }
    }
}
