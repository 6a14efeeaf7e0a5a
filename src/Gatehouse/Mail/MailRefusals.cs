using Gatehouse.Refusals;

namespace Gatehouse.Mail;

/// <summary>An address that is not exactly one address.</summary>
public sealed record AddressMalformed(string Given) : Refusal<AddressMalformed>, IRefusal<AddressMalformed>
{
    public static RefusalEntry Entry { get; } = new("mail.address_malformed", "Address is not one e-mail address",
        Public: "That is no e-mail address.",
        Fix: "Write one address such as ada@example.com, without a name, quotes, commas or line breaks.",
        Causer: Causer.Operator);
    public static AddressMalformed Example => new("ada@example.com,bob@example.com");
    public override string Target => Given;
    public override string Evidence => $"'{Given}' is not exactly one address.";
}
