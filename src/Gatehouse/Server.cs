using System.Net;
using Gatehouse.Accounts;
using Gatehouse.Audit;
using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.Doctor;
using Gatehouse.Ldap;
using Gatehouse.Mail;
using Gatehouse.Mail.Templates;
using Gatehouse.OpenIdConnect;
using Gatehouse.SignIn;
using Gatehouse.SignUp;
using Gatehouse.SignUp.Setup;
using Gatehouse.Web;
using Microsoft.Extensions.Logging.Console;

namespace Gatehouse;

/// <summary>Adds the rooms, maps the rooms. The whole of the composition.</summary>
public static class Server
{
    /// <summary>The services of every room, for the server and for console commands alike.</summary>
    public static IServiceCollection AddRooms(IServiceCollection services, ServerConfiguration configuration, Instance instance, TimeProvider clock)
    {
        services.AddSingleton(configuration);
        services.AddSingleton(instance);
        services.AddSingleton(instance.Database);
        services.AddSingleton(instance.Secrets);
        services.AddSingleton(clock);
        services.AddSingleton<OneTimeTokens>();
        services.AddSingleton<ISealed>(s => s.GetRequiredService<OneTimeTokens>());
        services.AddSingleton<KeyRotation>();
        services.AddHostedService<FinishKeyRotation>();
        services.AddHostedService<ApplyPins>();
        services.AddSingleton<Throttles>();
        services.AddSingleton<Settings>();
        services.AddSingleton(new PersonalData("ended_sessions", "A note for applications that a session ended, on its way to them", "Minutes.", ["ended_sessions"], null, "delete from ended_sessions where user_id = @userId"));
        services.AddLogging(logging => ConfigureLogging(logging, configuration));
        services.AddWeb();
        services.AddAudit();
        services.AddMail();
        services.AddLetters();
        services.AddAccounts();
        services.AddSignIn();
        services.AddSetup();
        services.AddSignUp();
        services.AddOpenIdConnect();
        services.AddLdap();
        services.AddDoctor();
        return services;
    }

    /// <summary>A server that is ready to start.</summary>
    public static Task<WebApplication> Build(ServerConfiguration configuration, Instance instance, TimeProvider clock)
    {
        var builder = WebApplication.CreateEmptyBuilder(new() { EnvironmentName = Environments.Production, ApplicationName = "gatehouse" });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            // Authorize requests carry long states and hints in their query.
            kestrel.Limits.MaxRequestLineSize = 32 * 1024;
            kestrel.Limits.MaxRequestBodySize = 256 * 1024;
            // Nobody keeps a connection by saying nothing or by speaking slowly; a body of 64 kB at the least speed ends in time as well.
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
            kestrel.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(25);
            kestrel.Limits.MinRequestBodyDataRate = new(bytesPerSecond: 4096, gracePeriod: TimeSpan.FromSeconds(5));
            kestrel.Limits.MinResponseDataRate = new(bytesPerSecond: 4096, gracePeriod: TimeSpan.FromSeconds(5));
            kestrel.Limits.MaxConcurrentConnections = 20_000;
            foreach (var address in configuration.Listen) kestrel.Listen(address, configuration.Port);
        });
        builder.Services.AddRoutingCore();
        AddRooms(builder.Services, configuration, instance, clock);
        var app = builder.Build();
        app.UseWeb();
        app.MapWeb();
        app.MapAudit();
        app.MapMail();
        app.MapLetters();
        app.MapAccounts();
        app.MapSignIn();
        app.MapSetup();
        app.MapSignUp();
        app.MapOpenIdConnect();
        app.MapLdap();
        app.MapDoctor();
        return Task.FromResult(app);
    }

    private static void ConfigureLogging(ILoggingBuilder logging, ServerConfiguration configuration)
    {
        logging.SetMinimumLevel(configuration.LogLevel);
        // At Information these write paths and queries, and with them tokens.
        logging.AddFilter("Microsoft", LogLevel.Warning);
        logging.AddFilter("System", LogLevel.Warning);
        // What stops a start is told once, with its cure, and not as a stack trace beside it.
        logging.AddFilter("Microsoft.Extensions.Hosting", LogLevel.Critical);
        // A log that nobody takes away costs lines, never a sign-in; how many were lost is written as soon as somebody reads again.
        logging.Services.Configure<ConsoleLoggerOptions>(o => o.QueueFullMode = ConsoleLoggerQueueFullMode.DropWrite);
        if (configuration.LogJson) logging.AddJsonConsole(o => o.UseUtcTimestamp = true);
        else logging.AddSimpleConsole(o => { o.SingleLine = true; o.TimestampFormat = "yyyy-MM-ddTHH:mm:ssZ "; o.UseUtcTimestamp = true; });
    }
}
