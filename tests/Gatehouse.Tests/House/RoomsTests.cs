using System.Text;
using System.Text.RegularExpressions;
using Gatehouse.Tests.Parts;

namespace Gatehouse.Tests.House;

/// <summary>Who may import whom. This dictionary is the rule; docs/map.md is printed from it.</summary>
public partial class RoomsTests
{
    /// <summary>Each room with the rooms right below it: it may use these and all that they may use.</summary>
    private static readonly Dictionary<string, (string[] Below, string About)> Rooms = new()
    {
        ["Refusals"] = ([], "what a refusal is: entry, evidence, remedy, reference, catalogue; the one result type"),
        ["Jose"] = (["Refusals"], "JWS, JWK, key sets, algorithms; strict base64url and JSON"),
        ["Configuration"] = (["Jose"], "what the environment says, read once, its errors reported all at once"),
        ["Data"] = (["Configuration"], "SQLite and PostgreSQL, migrations, the one write door, one-time tokens, secrets at rest, settings"),
        ["Web"] = (["Data"], "layout, form parts, refusal page, static files, client address, security headers, rate limits"),
        ["Audit"] = (["Web"], "event log; refusal log, cases and problems"),
        ["Mail"] = (["Audit"], "the outbox and its sender, the settings of mail, what says whether it arrives"),
        ["Accounts"] = (["Mail"], "users and groups"),
        ["SignIn"] = (["Accounts"], "sessions, passkeys, login links, the access rules"),
        ["SignUp"] = (["SignIn"], "set-up and the other ways to a new account"),
        ["OpenIdConnect"] = (["SignIn"], "clients, authorize, token, userinfo, discovery, keys"),
        ["Ldap"] = (["SignIn"], "directories: client, settings, sync, explanations"),
        ["Doctor"] = (["SignUp", "OpenIdConnect", "Ldap"], "doctor, why, explain, generated documents; reads everything"),
        ["Program"] = (["Doctor"], "the door: adds the rooms and maps them, or runs a command"),
    };

    /// <summary>Outside libraries that stay behind one room's wall.</summary>
    private static readonly Dictionary<string, string[]> Fences = new()
    {
        ["Npgsql"] = ["Data"],
        ["Microsoft.Data.Sqlite"] = ["Data"],
        ["SQLitePCL"] = ["Data"],
        ["QRCoder"] = ["Web"],
    };

    [Fact]
    public void Rooms_use_only_the_rooms_below_them()
    {
        var broken = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var type in Compiled.Types(Compiled.Module))
        {
            if (Compiled.RoomOf(type) is not { } room) continue;
            if (!Rooms.ContainsKey(room))
            {
                broken.Add($"{room} is no room of the house: {type.FullName}");
                continue;
            }
            var allowed = MayUse(room);
            foreach (var used in Compiled.Mentioned(type).Where(t => t.Scope == Compiled.Module))
                if (Compiled.RoomOf(used) is { } other && other != room && !allowed.Contains(other))
                    broken.Add($"{room} uses {other}: {Compiled.PlaceOf(type)} mentions {Compiled.PlaceOf(used)}");
        }
        Assert.True(broken.Count == 0, string.Join('\n', broken));
    }

    [Fact]
    public void Outside_libraries_stay_behind_their_fence()
    {
        var broken = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var type in Compiled.Types(Compiled.Module))
            foreach (var used in Compiled.Mentioned(type))
                foreach (var (library, rooms) in Fences)
                    if ((used.Namespace == library || used.Namespace.StartsWith(library + ".", StringComparison.Ordinal)) && !rooms.Contains(Compiled.RoomOf(type)))
                        broken.Add($"{Compiled.PlaceOf(type)} mentions {used.FullName}, which only {string.Join(", ", rooms)} may");
        Assert.True(broken.Count == 0, string.Join('\n', broken));
    }

    [Fact]
    public void A_namespace_is_its_folder()
    {
        var source = Repository.At("src", "Gatehouse");
        var broken = new List<string>();
        foreach (var file in Directory.EnumerateFiles(source, "*.cs", SearchOption.AllDirectories))
        {
            var path = Path.GetRelativePath(source, file);
            if (path.StartsWith("obj", StringComparison.Ordinal) || path.StartsWith("bin", StringComparison.Ordinal)) continue;
            var folder = Path.GetDirectoryName(path)!;
            var expected = folder.Length == 0 ? "Gatehouse" : "Gatehouse." + folder.Replace('/', '.');
            if (Namespace().Match(File.ReadAllText(file)) is { Success: true } found && found.Groups[1].Value != expected)
                broken.Add($"{path} is in {found.Groups[1].Value}, not {expected}");
        }
        Assert.True(broken.Count == 0, string.Join('\n', broken));
    }

    [Fact]
    public void The_map_is_fresh()
    {
        var map = new StringBuilder();
        map.Append("# The map of the house\n\n");
        map.Append("Printed by `tests/Gatehouse.Tests/House/RoomsTests.cs`, which enforces it on the compiled program; do not edit.\n");
        map.Append("A room is a folder of `src/Gatehouse` and the namespace of the same name. It may use the rooms right below it and all that these may use; there is no other edge, and no circle.\n");
        map.Append("Where a lower room needs something of a higher one, the lower declares the interface and the higher implements it.\n\n");
        map.Append("| Room | Right below it | What stands in it |\n|---|---|---|\n");
        foreach (var (room, (below, about)) in Rooms.Reverse())
            map.Append($"| {(room == "Program" ? "Program.cs" : room)} | {(below.Length == 0 ? "-" : string.Join(", ", below))} | {about} |\n");
        map.Append("\n## Fences\n\nOutside libraries that only these rooms may use:\n\n");
        foreach (var (library, rooms) in Fences) map.Append($"- {library}: {string.Join(", ", rooms)}\n");
        Repository.IsFresh(Repository.At("docs", "map.md"), map.ToString());
    }

    private static HashSet<string> MayUse(string room) => [.. Rooms[room].Below.SelectMany(b => MayUse(b).Append(b))];

    [GeneratedRegex(@"^namespace ([\w.]+)", RegexOptions.Multiline)]
    private static partial Regex Namespace();
}
