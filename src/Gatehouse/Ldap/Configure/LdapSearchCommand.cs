using Gatehouse.Ldap.Client;

namespace Gatehouse.Ldap.Configure;

/// <summary>The same search as a command of ldap-utils (C127), to be tried by hand; it asks for the password (-W).</summary>
internal static class LdapSearchCommand
{
    public static string Write(DirectorySettings settings, string baseDn, string filter, IEnumerable<string> attributes)
    {
        var endpoint = settings.Endpoints.Count > 0 ? settings.Endpoints[0] : new DirectoryEndpoint("localhost", 636, false);
        var ca = settings.CaPem.Length > 0 ? "LDAPTLS_CACERT=ca.pem " : "";
        return $"{ca}ldapsearch -LLL -x -H {Quote(endpoint.Url)}{(endpoint.StartTls ? " -ZZ" : "")} -D {Quote(settings.BindDn)} -W -o nettimeout=5 -E pr={settings.PageSize}/noprompt -s {(settings.OneLevel ? "one" : "sub")} -b {Quote(baseDn)} {Quote(filter)} {string.Join(' ', attributes.Select(Quote))}".TrimEnd();
    }

    /// <summary>For a POSIX shell: nothing inside single quotes means anything.</summary>
    internal static string Quote(string text) => text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or '/' or ':' or ',' or '=')
        ? text : "'" + Web.Printable.Cap(text.Replace("\r", "", StringComparison.Ordinal).Replace('\n', ' '), 9000).Replace("'", "'\\''", StringComparison.Ordinal) + "'";
}
