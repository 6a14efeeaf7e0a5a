using Gatehouse.Data;
using Mono.Cecil;

namespace Gatehouse.Tests.House;

public class SealedTests
{
    [Fact]
    public void Whoever_seals_something_can_seal_it_again_under_a_new_key()
    {
        var forgetful = Compiled.Types(Compiled.Module)
            .Where(t => t.Methods.Any(m => m.HasBody && m.Body.Instructions.Any(i => i.Operand is MethodReference { Name: nameof(Secrets.Protect) } called && called.DeclaringType.FullName == typeof(Secrets).FullName)))
            .Select(Outermost).Distinct()
            .Where(t => t.FullName != typeof(KeyRotation).FullName && !t.Interfaces.Any(i => i.InterfaceType.FullName == typeof(ISealed).FullName))
            .Select(t => t.FullName);
        Assert.True(!forgetful.Any(), $"{string.Join(", ", forgetful)}: implement Gatehouse.Data.ISealed (see SigningKeys) and register it as ISealed, so that gatehouse encryption-key rotate reaches it.");
    }

    private static TypeDefinition Outermost(TypeDefinition type)
    {
        while (type.DeclaringType is { } outer) type = outer;
        return type;
    }
}
