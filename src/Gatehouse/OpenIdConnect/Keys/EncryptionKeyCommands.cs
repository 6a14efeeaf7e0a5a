using System.CommandLine;
using Gatehouse.Audit;
using Gatehouse.Configuration;
using Gatehouse.Data;

namespace Gatehouse.OpenIdConnect.Keys;

/// <summary>gatehouse encryption-key rotate: a new root key, everything sealed again.</summary>
public static class EncryptionKeyCommands
{
    public static Command Make(IConsoleHost host)
    {
        var rotate = new Command("rotate", "Make a new encryption key and encrypt everything again; an interrupted change is ended by running it once more.");
        rotate.SetAction(_ => host.With(services => Rotate(host, services)));
        return new Command("encryption-key", "The key that protects secrets in the database") { rotate };
    }

    private static async Task<int> Rotate(IConsoleHost host, IServiceProvider services)
    {
        var rotation = services.GetRequiredService<KeyRotation>();
        if (await rotation.IsBegun())
        {
            await host.Output.WriteLineAsync($"A change of the encryption key had been begun and is finished now. {Told(await rotation.Finish())}\nRun the command again to change the key once more.");
            return 0;
        }
        var configuration = services.GetRequiredService<ServerConfiguration>();
        var root = await rotation.Begin();
        if (configuration.EncryptionKey is not null)
        {
            await Note(services, "a new key was made; it comes into force at the first start with it");
            await host.Output.WriteLineAsync($"""
                Nothing has changed yet. Shown once, the new key:
                {Convert.ToBase64String(root)}
                  1. Set ENCRYPTION_KEY to it, for the server on all nodes and for this console.
                  2. Restart all nodes together. The first start with the new key encrypts everything again; from then on the old key is refused.
                Keep the old key as long as you keep backups made before.
                """);
            return 0;
        }
        string before;
        try
        {
            before = Instance.ReplaceKeyFile(configuration, root, services.GetRequiredService<TimeProvider>());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await host.Error.WriteLineAsync($"The key file {configuration.KeyFile} cannot be replaced ({e.Message}). Nothing has changed.\n  Give this user the right to write it and its folder, or hand the key over as ENCRYPTION_KEY.");
            return 1;
        }
        services.GetRequiredService<Secrets>().Adopt(root);
        var done = await rotation.Finish();
        await Note(services, Told(done));
        await host.Output.WriteLineAsync($"""
            The encryption key is changed. {Told(done)}
              New key: {configuration.KeyFile} (a server that reads this file follows at once; copy it to other machines and restart them)
              Old key: {before} (needed only with backups made before now; delete it when these are gone)
            """);
        return 0;
    }

    private static string Told(Resealed? done) =>
        $"{done?.Again ?? 0} secrets were encrypted again.{(done is { Unreadable: > 0 } ? $" {done.Unreadable} could be read by no key and were left as they are." : "")}";

    private static Task Note(IServiceProvider services, string after) => services.GetRequiredService<Database>().Write(sql =>
        services.GetRequiredService<AuditLog>().Write(sql, Actor.Console, "instance.encryption_key_changed", new("instance", services.GetRequiredService<Instance>().Id, "Gatehouse"), after: after));
}
