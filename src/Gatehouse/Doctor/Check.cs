using Gatehouse.Refusals;

namespace Gatehouse.Doctor;

/// <summary>A check written as one function.</summary>
internal sealed class Check(string id, Func<string, Task<Finding>> look) : IDoctorCheck
{
    public string Id => id;

    public Task<Finding> Run(CancellationToken stop) => look(id);
}
