using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using Microsoft.Extensions.Localization;

namespace Gatehouse.Web;

/// <summary>
/// Texts for people, keyed by their English wording. A language is a table from the English text; what it lacks stays English.
/// "qps-ploc" is the pseudo-language of the tests: every text that goes through here is marked and 40 % longer.
/// </summary>
public sealed class Texts : IStringLocalizer
{
    private readonly Func<string> language;

    public Texts(Visit visit) => language = () => visit.Language;

    private Texts(string language) => this.language = () => language;

    /// <summary>The texts of one language, for what nobody is looking at now: a mail.</summary>
    public static Texts In(string language) => new(IsKnown(language) ? language : "en");

    /// <summary>The tag of the language.</summary>
    public string Language => language();

    private static readonly FrozenSet<string> Languages = new[] { "en", "qps-ploc" }.ToFrozenSet();

    /// <summary>Languages a person can choose, each by its own name.</summary>
    public static IReadOnlyList<(string Tag, string Name)> Offered { get; } = [("en", "English")];

    public static bool IsKnown(string language) => Languages.Contains(language);

    public LocalizedString this[string name] => new(name, Translate(name));

    public LocalizedString this[string name, params object[] arguments] =>
        new(name, string.Format(CultureInfo.InvariantCulture, Translate(name), arguments));

    public IEnumerable<LocalizedString> GetAllStrings(bool includeParentCultures) => [];

    private string Translate(string text) => Language == "qps-ploc" ? Pseudo(text) : text;

    private static string Pseudo(string text)
    {
        var pseudo = new StringBuilder("⟦");
        var inArgument = false;
        foreach (var c in text)
        {
            if (c == '{') inArgument = true;
            pseudo.Append(inArgument ? c : c switch { 'a' => 'á', 'e' => 'é', 'i' => 'í', 'o' => 'ó', 'u' => 'ú', 'A' => 'Á', 'E' => 'É', 'O' => 'Ó', _ => c });
            if (c == '}') inArgument = false;
        }
        return pseudo.Append('·', text.Length * 2 / 5).Append('⟧').ToString();
    }
}
