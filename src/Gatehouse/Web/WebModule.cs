using System.Xml.Linq;
using Gatehouse.Data;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;

namespace Gatehouse.Web;

/// <summary>Layout, form parts, refusal page, static files, the gate in front of every route.</summary>
public static class WebModule
{
    public static IServiceCollection AddWeb(this IServiceCollection services)
    {
        services.AddRazorComponents();
        // Razor brings the framework's data protection along. Nothing of ours uses it, so its keys live in memory and are written nowhere.
        services.Configure<KeyManagementOptions>(o => (o.XmlRepository, o.XmlEncryptor) = (new KeysInMemory(), new NullXmlEncryptor()));
        services.AddHttpContextAccessor();
        services.AddScoped<Visit>();
        services.AddScoped<Texts>();
        services.AddSingleton<Egress>();
        services.AddSingleton<Cookies>();
        services.AddSingleton<Refuse>();
        services.AddSingleton<ForwardedHeaders>();
        services.AddSingleton<StrangerRates>();
        services.AddSingleton<Departure>();
        services.AddHostedService(s => s.GetRequiredService<Departure>());
        return services;
    }

    public static void UseWeb(this WebApplication app)
    {
        app.UseMiddleware<SlowReaders>();
        app.UseMiddleware<SecurityHeaders>();
        app.UseMiddleware<LastResort>();
        app.UseRouting();
        app.UseMiddleware<Gate>();
    }

    public static void MapWeb(this IEndpointRouteBuilder routes)
    {
        StaticFiles.Map(routes);
        routes.MapGet("/healthz", (Database database, Departure departure) =>
            database.Broken is not null ? Results.Text("the disk fails: start again\n", statusCode: 503)
            : departure.HasBegun ? Results.Text("stopping\n", statusCode: 503)
            : Results.Text("ok\n")).ForProtocol().WithMetadata(new AnswersAnyHost());
        routes.MapPost("/preferences", SetPreferences).For(Access.Anyone);
    }

    private static IResult SetPreferences(HttpContext http, Visit visit, Cookies cookies)
    {
        var year = TimeSpan.FromDays(400);
        if (visit.Form["theme"] is { } theme)
        {
            if (theme is "light" or "dark") cookies.Write(http, "gatehouse-theme", theme, year);
            else cookies.Clear(http, "gatehouse-theme");
        }
        if (visit.Form["language"] is { } language && Texts.IsKnown(language)) cookies.Write(http, "gatehouse-language", language, year);
        return SeeOther.To(LocalPath.Or(visit.Form["back"], "/"));
    }

    private sealed class KeysInMemory : IXmlRepository
    {
        private readonly List<XElement> elements = [];

        public IReadOnlyCollection<XElement> GetAllElements()
        {
            lock (elements) return [.. elements];
        }

        public void StoreElement(XElement element, string friendlyName)
        {
            lock (elements) elements.Add(element);
        }
    }
}
