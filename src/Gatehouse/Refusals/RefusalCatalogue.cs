using System.Collections.Frozen;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Gatehouse.Refusals;

/// <summary>One refusal type as the catalogue knows it.</summary>
public sealed record CatalogueItem(Type Type, RefusalEntry Entry, Refusal Example);

/// <summary>Every refusal of this assembly, found by reflection; read by help pages, documentation, console and case store.</summary>
public static class RefusalCatalogue
{
    private static readonly JsonSerializerOptions Json = new()
    {
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip,
        MaxDepth = 16,
    };

    private static readonly Lazy<FrozenDictionary<string, CatalogueItem>> Items = new(Load);

    /// <summary>All items, ordered by code.</summary>
    public static IReadOnlyList<CatalogueItem> All => [.. Items.Value.Values.OrderBy(i => i.Entry.Code, StringComparer.Ordinal)];

    /// <summary>The item with exactly this code, or null.</summary>
    public static CatalogueItem? Find(string code) => Items.Value.GetValueOrDefault(code);

    /// <summary>The constructor parameters as JSON.</summary>
    public static string Write(Refusal refusal) => JsonSerializer.Serialize(refusal, refusal.GetType(), Json);

    /// <summary>Reads a stored refusal; null when the code is unknown today or the data no longer fits.</summary>
    public static Refusal? Read(string code, string data)
    {
        if (Find(code) is not { } item) return null;
        try
        {
            return (Refusal?)JsonSerializer.Deserialize(data, item.Type, Json);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static FrozenDictionary<string, CatalogueItem> Load() =>
        typeof(Refusal).Assembly.GetTypes()
            .Where(t => t is { IsAbstract: false } && t.IsSubclassOf(typeof(Refusal)))
            .Select(t => new CatalogueItem(t, Static<RefusalEntry>(t, "Entry"), Static<Refusal>(t, "Example")))
            .ToFrozenDictionary(i => i.Entry.Code, StringComparer.Ordinal);

    private static T Static<T>(Type type, string property) =>
        (T)type.GetProperty(property, BindingFlags.Public | BindingFlags.Static)!.GetValue(null)!;
}
