using Gatehouse.Refusals;
using Gatehouse.Web;
using Gatehouse.Web.Parts;

namespace Gatehouse.Accounts;

/// <summary>What a form shows when its use case refused: the errors by field, and the reference of the stored case.</summary>
public sealed record FormFault(IReadOnlyList<FieldError> Errors, string? Reference, int Status)
{
    /// <summary>Mistakes of typing are told beside their field; a rule that stood in the way is a case with a reference.</summary>
    public static FormFault Of(HttpContext http, Refusal refusal)
    {
        var texts = http.RequestServices.GetRequiredService<Texts>();
        var field = refusal switch
        {
            EmailInvalid or EmailTaken or Email.EmailNotChanged => "email",
            UserNameInvalid or UserNameTaken => "user_name",
            NameInvalid name => name.Which,
            CustomClaims.CustomClaimInvalid claim => claim.Field,
            GroupNameTaken => "name",
            NotConfirmed => "confirm",
            _ => "",
        };
        var sentence = refusal switch
        {
            EmailInvalid or UserNameInvalid or NameInvalid or EmailTaken or UserNameTaken or CustomClaims.CustomClaimInvalid => $"{texts[refusal.Facts.Public]} ({refusal.Evidence})",
            _ => texts[refusal.Facts.Public].Value,
        };
        var reference = field.Length > 0 ? null : http.RequestServices.GetRequiredService<Refuse>().Record(http, refusal).Text;
        return new([new(field, sentence)], reference, refusal.Facts.Status);
    }
}
