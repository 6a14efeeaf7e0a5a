namespace Gatehouse.Web.Parts;

/// <summary>What is wrong with one field of a form, already in the reader's language. Field "" concerns the form as a whole.</summary>
public sealed record FieldError(string Field, string Message);

public static class FieldErrors
{
    /// <summary>The message for a field, or null.</summary>
    public static string? For(this IReadOnlyList<FieldError>? errors, string field) => errors?.FirstOrDefault(e => e.Field == field)?.Message;
}
