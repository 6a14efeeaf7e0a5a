using Gatehouse.Refusals;
using Mono.Cecil;
using Mono.Cecil.Rocks;

namespace Gatehouse.Tests.House;

/// <summary>The compiled product, as the tests about the code read it.</summary>
static class Compiled
{
    /// <summary>gatehouse.dll.</summary>
    public static ModuleDefinition Module { get; } = ModuleDefinition.ReadModule(typeof(Refusal).Assembly.Location);

    /// <summary>Every type, nested ones and those the compiler wrote included.</summary>
    public static IEnumerable<TypeDefinition> Types(ModuleDefinition module) => module.GetAllTypes();

    /// <summary>The room a type of ours stands in: the first name after Gatehouse, "Program" for the root, null for what generators put elsewhere.</summary>
    public static string? RoomOf(TypeReference type)
    {
        while (type.DeclaringType is { } outer) type = outer;
        if (type.Namespace == "Gatehouse" || (type.Namespace == "" && type.Name == "Program")) return "Program";
        return type.Namespace.StartsWith("Gatehouse.", StringComparison.Ordinal) ? type.Namespace.Split('.')[1] : null;
    }

    /// <summary>The outermost type's full name without "Gatehouse.".</summary>
    public static string PlaceOf(TypeReference type)
    {
        while (type.DeclaringType is { } outer) type = outer;
        return type.FullName.StartsWith("Gatehouse.", StringComparison.Ordinal) ? type.FullName["Gatehouse.".Length..] : type.FullName;
    }

    /// <summary>Every type that a type mentions: in its head, its members and its code.</summary>
    public static IEnumerable<TypeReference> Mentioned(TypeDefinition type)
    {
        IEnumerable<TypeReference?> all =
        [
            type.BaseType,
            .. type.Interfaces.Select(i => i.InterfaceType),
            .. type.CustomAttributes.Select(a => a.AttributeType),
            .. type.GenericParameters.SelectMany(p => p.Constraints).Select(c => c.ConstraintType),
            .. type.Fields.Select(f => f.FieldType),
            .. type.Properties.SelectMany(p => p.CustomAttributes).Select(a => a.AttributeType),
            .. type.Methods.SelectMany(OfMethod),
        ];
        return all.Where(t => t is not null).SelectMany(t => Flat(t!));
    }

    private static IEnumerable<TypeReference?> OfMethod(MethodDefinition method) =>
    [
        method.ReturnType,
        .. method.Parameters.Select(p => p.ParameterType),
        .. method.CustomAttributes.Select(a => a.AttributeType),
        .. method.GenericParameters.SelectMany(p => p.Constraints).Select(c => c.ConstraintType),
        .. method.HasBody ? method.Body.Variables.Select(v => v.VariableType) : [],
        .. method.HasBody ? method.Body.ExceptionHandlers.Select(h => h.CatchType) : [],
        .. method.HasBody ? method.Body.Instructions.SelectMany(i => OfOperand(i.Operand)) : [],
    ];

    private static IEnumerable<TypeReference?> OfOperand(object? operand) => operand switch
    {
        TypeReference type => [type],
        FieldReference field => [field.DeclaringType, field.FieldType],
        GenericInstanceMethod method => [method.DeclaringType, method.ReturnType, .. method.GenericArguments],
        MethodReference method => [method.DeclaringType, method.ReturnType, .. method.Parameters.Select(p => p.ParameterType)],
        _ => [],
    };

    private static IEnumerable<TypeReference> Flat(TypeReference type) => type switch
    {
        GenericParameter => [],
        GenericInstanceType generic => [generic.ElementType, .. generic.GenericArguments.SelectMany(Flat)],
        TypeSpecification wrapped => Flat(wrapped.ElementType),
        _ => [type],
    };
}
