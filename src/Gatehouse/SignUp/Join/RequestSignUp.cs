using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.Mail;
using Gatehouse.Mail.Templates;
using Gatehouse.Refusals;
using Gatehouse.SignIn.Requests;
using Gatehouse.SignUp.Links;
using Gatehouse.Web;

namespace Gatehouse.SignUp.Join;

/// <summary>Somebody typed an address to sign up with. The answer is the same for every address; its owner gets one mail or the other.</summary>
public sealed class RequestSignUp(PublicRequests requests, Database database, Secrets secrets, SignUpLinks links, LetterPaper paper, Outbox outbox, Settings settings, Throttles throttles, ServerConfiguration configuration,
    IRefusalLog log) : IPublicRequestKind
{
    public static readonly TimeSpan Validity = TimeSpan.FromHours(24);

    /// <summary>How many mails an address gets in a day because somebody typed it here.</summary>
    public const int PerAddress = 3;

    private sealed record Wish(string Email, string Name, string? LinkId);

    public string Kind => "sign-up";

    internal static Refusal NotAllowed(string address, SignUpSettings how) => new SignUpDomainNotAllowed(Printable.Cap(address[(address.LastIndexOf('@') + 1)..].ToLowerInvariant(), 100), [.. how.Domains]);

    /// <summary>Stores the wish. Nothing here looks at accounts.</summary>
    /// <param name="linkId">The link they came by; null for open sign-up.</param>
    public async Task<Outcome<Done>> Ask(string address, string name, string? linkId, Visit visit) =>
        await requests.Ask(Kind, new Wish(address, name, linkId), visit)
            ? Done.It
            : TooMany(visit);

    internal static SignUpTooMany TooMany(Visit visit) => new(ClientAddress.Block(visit.Address), PublicRequests.PerNetwork, (long)PublicRequests.Window.TotalMinutes);

    public async Task Answer(PublicRequest request)
    {
        var wish = request.Read<Wish>();
        var refused = await database.Write<Refusal?>(async sql =>
        {
            if (!await throttles.Reserve(sql, $"sign-up:{secrets.Hash("address", UserStore.Fold(wish.Email))}", PerAddress, TimeSpan.FromDays(1))) return new SignUpMailboxFull(wish.Email, PerAddress);
            var texts = Texts.In("en");
            var sender = await Sender.Of(settings);
            if (await UserStore.FindByEmail(sql, wish.Email) is { } user)
            {
                // To the stored form of the address, never to what was typed.
                if (user.IsActive) await Tell(sql, user, SignUpLetters.AlreadyHere(texts, sender.Name, configuration.Link("/sign-in")), texts, request.Id);
                return new SignUpAddressKnown(user.Ref, wish.LinkId is null ? "open sign-up" : "a sign-up link");
            }
            var made = await links.ForRequest(sql, wish.Email, wish.LinkId, Validity, new Actor("sign-up", request.Address));
            await sql.Run("update signup_links set display_name = @Name where id = @Id", new { wish.Name, made.Link.Id });
            await links.Queue(sql, made.Link, SignUpLetters.Request, SignUpLetters.Confirm(texts, sender.Name, made.Url, (long)Validity.TotalHours), texts, links.Hash(made.Url[(made.Url.IndexOf("?t=", StringComparison.Ordinal) + 3)..]));
            return null;
        });
        if (refused is not null) log.Record(refused, request.Context((refused as SignUpAddressKnown)?.User.Id));
    }

    private async Task Tell(Sql sql, User user, LetterBody body, Texts texts, string cause)
    {
        var written = await paper.Write(body, texts);
        await outbox.Queue(sql, new Letter
        {
            To = user.Email,
            Subject = written.Subject,
            Text = written.Text,
            Html = written.Html,
            Kind = SignUpLetters.Known,
            Cause = $"{SignUpLetters.Known}:{cause}",
            About = new("user", user.Id),
            UserId = user.Id,
        });
    }
}
