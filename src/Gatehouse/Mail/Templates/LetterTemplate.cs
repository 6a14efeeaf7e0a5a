using Gatehouse.Web;

namespace Gatehouse.Mail.Templates;

/// <summary>A kind of letter that this server writes, so that admins can look at it before anybody gets one. Registered by the room that writes it.</summary>
/// <param name="Kind">As in the ledger: "invitation".</param>
/// <param name="Title">For the list, in English.</param>
/// <param name="About">When it is sent, in English.</param>
/// <param name="Sample">The letter with made-up names; the origin is our own.</param>
public sealed record LetterTemplate(string Kind, string Title, string About, Func<Texts, string, LetterBody> Sample);
