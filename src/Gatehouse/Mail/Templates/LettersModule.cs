using Gatehouse.Web;

namespace Gatehouse.Mail.Templates;

/// <summary>How letters look, and the pages that show them.</summary>
public static class LettersModule
{
    public static IServiceCollection AddLetters(this IServiceCollection services)
    {
        services.AddSingleton<LetterPaper>();
        services.AddSingleton<LogoStore>();
        services.AddSingleton<IMenuEntry>(new MenuEntries(new MenuEntry("Administration", "Email templates", TemplateRoutes.Path, Access.Admin, 405)));
        return services;
    }

    public static void MapLetters(this IEndpointRouteBuilder routes)
    {
        TemplateRoutes.Map(routes);
        LogoRoutes.Map(routes);
    }
}
