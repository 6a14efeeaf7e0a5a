using System.Text.Json;
using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.Refusals;

namespace Gatehouse.Accounts.Personal;

/// <summary>Writes down everything that is kept about one person, for that person.</summary>
public sealed class DownloadData(Database database, IEnumerable<PersonalData> kept, AuditLog audit, Throttles throttles, ServerConfiguration configuration, TimeProvider clock)
{
    public const int PerHour = 5;

    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.Default };

    /// <summary>The parts: who it is first, then in the order of the rooms; what is not handed out stands last.</summary>
    public IReadOnlyList<PersonalData> Kept { get; } = [.. kept.OrderBy(k => !k.IsHandedOut).ThenBy(k => k.Name != "profile")];

    /// <summary>The file, UTF-8. Noted first, gathered then: reading a long history keeps no writer waiting.</summary>
    public async Task<Outcome<byte[]>> Run(string userId, Actor actor)
    {
        var allowed = await database.Write<Outcome<User>>(async sql =>
        {
            if (await UserStore.Find(sql, userId) is not { } user) return new NoSuchUser(userId);
            if (!await throttles.Reserve(sql, $"data:{user.Id}", PerHour, TimeSpan.FromHours(1))) return new DataAskedTooOften(user.Ref, PerHour);
            await audit.Write(sql, actor, "user.data_downloaded", user.AuditTarget);
            return user;
        });
        if (!allowed.Passed(out var person, out var refusal)) return refusal;
        var subject = Subject(person);
        var file = new Dictionary<string, object>
        {
            ["format"] = 1,
            ["instance"] = configuration.Origin,
            ["made_at"] = PersonalData.Shown("made_at", clock.Now())!,
            ["about"] = "Everything this instance keeps about one person. Secrets, what only checks them, and what concerns others are left out.",
        };
        await database.Read(async sql =>
        {
            foreach (var part in Kept.Where(k => k.IsHandedOut)) file[part.Name] = new { title = part.Title, kept = part.Kept, rows = await part.Rows(sql, subject) };
            return file.Count;
        });
        return JsonSerializer.SerializeToUtf8Bytes(file, Json);
    }

    internal static DataSubject Subject(User user) => new(user.Id, user.Email, UserStore.Fold(user.Email), user.DisplayName);
}

/// <summary>Everything is gathered anew each time, which is work.</summary>
public sealed record DataAskedTooOften(UserRef User, int Limit) : Refusal<DataAskedTooOften>, IRefusal<DataAskedTooOften>
{
    public static RefusalEntry Entry { get; } = new("account.data_too_often", "The own data was downloaded too often",
        Public: "You have downloaded your data several times just now. Please try again in an hour.", Fix: "Nothing: the limit is there because gathering everything is work.",
        Status: 429, Audience: Audience.AfterProof, Causer: Causer.ProvenUser);
    public static DataAskedTooOften Example => new(new("u1", "Ada"), 5);
    public override string Target => User.Id;
    public override string Evidence => $"{User.Name} downloaded their data {Limit} times within an hour.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {User.Name}", $"/admin/users/{User.Id}")];
}
