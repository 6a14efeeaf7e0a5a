namespace Gatehouse.SignIn;

/// <summary>Another way that the sign-in page and the help page offer when it is switched on, the same to everybody. Registered as a singleton.</summary>
public interface ISignInOffer
{
    /// <summary>In English.</summary>
    string Label { get; }

    /// <summary>A path of ours that is open to anybody; the destination's query is added.</summary>
    string Path { get; }

    /// <summary>Smaller stands higher.</summary>
    int Order { get; }

    ValueTask<bool> IsOffered();
}
