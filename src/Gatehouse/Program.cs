using System.Collections;
using Gatehouse;
using Gatehouse.Configuration;

var environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
    .ToDictionary(e => (string)e.Key, e => (string?)e.Value ?? "", StringComparer.Ordinal);
return await Commands.Run(args, environment);
