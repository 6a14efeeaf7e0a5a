using System.Diagnostics;
using System.Security.Cryptography.X509Certificates;
using Gatehouse.Ldap;
using Gatehouse.Ldap.Client;
using Gatehouse.Ldap.Wire;
using Gatehouse.Refusals;
using Gatehouse.Tests.Parts;

namespace Gatehouse.Tests.Ldap;

/// <summary>The client against a scripted directory: whatever a server or somebody on the way may do.</summary>
public class ClientTests
{
    private static readonly TestAuthority Authority = new();
    private static readonly LdapLimits Quick = LdapLimits.Ordinary with { Step = TimeSpan.FromMilliseconds(700), Search = TimeSpan.FromSeconds(5) };
    private static readonly TestClock Clock = new();

    private static X509Certificate2Collection Trusted(TestAuthority? authority = null)
    {
        var all = new X509Certificate2Collection();
        all.ImportFromPem((authority ?? Authority).Pem);
        return all;
    }

    private static X509Certificate2 Good() => Authority.Issue(["localhost"]);

    private static Task<Outcome<LdapConnection>> Open(ScriptedDirectory directory, LdapLimits? limits = null) =>
        LdapConnection.Open(DirectoryEndpoint.Parse(directory.Url, out _)!, Trusted(), limits ?? Quick, Clock, CancellationToken.None);

    /// <summary>Connects, binds, searches for everybody; what came of it.</summary>
    private static async Task<(Refusal? Refusal, List<DirectoryEntry> Entries, SearchEnd? End)> Ask(ScriptedDirectory directory, LdapLimits? limits = null)
    {
        var entries = new List<DirectoryEntry>();
        if (!(await Open(directory, limits)).Passed(out var connection, out var refusal)) return (refusal, entries, null);
        await using (connection)
        {
            if ((await connection.Bind("cn=reader", "secret"u8.ToArray(), CancellationToken.None)).Refusal is { } unbound) return (unbound, entries, null);
            var found = await connection.Search(new("dc=corp", SearchScope.Subtree, LdapFilter.Exists("uid"), ["uid"]), 100, entries.Add, CancellationToken.None);
            return found.Passed(out var end, out refusal) ? (null, entries, end) : (refusal, entries, null);
        }
    }

    [Fact]
    public async Task CVE_2026_35563_L08_an_expired_wrongly_named_or_foreign_certificate_is_refused_with_what_it_says()
    {
        foreach (var (certificate, expected) in new (X509Certificate2, string)[]
        {
            (Authority.Issue(["localhost"], -100, -1), "ldap.certificate_expired"),
            (Authority.Issue(["localhost"], 1, 100), "ldap.certificate_expired"),
            (Authority.Issue(["dc1.corp.example"]), "ldap.certificate_wrong_name"),
            (new TestAuthority("CN=Evil CA").Issue(["localhost"]), "ldap.certificate_untrusted"),
        })
        {
            await using var directory = new ScriptedDirectory(certificate, talk => talk.Obey((id, _) => talk.Send(Answers.Done(id))));
            var (refusal, _, _) = await Ask(directory);
            Assert.Equal(expected, refusal!.Facts.Code);
            // Not a byte of LDAP came through: neither name nor password.
            Assert.Empty(directory.Received);
            if (refusal is DirectoryCertificateWrongName wrong) Assert.Contains("dc1.corp.example", wrong.Evidence);
            if (refusal is DirectoryCertificateUntrusted foreign) Assert.Contains("Evil CA", foreign.Evidence);
        }
    }

    [Fact]
    public async Task L08_the_system_trusts_no_private_authority()
    {
        await using var directory = new ScriptedDirectory(Good(), talk => talk.Obey((id, _) => talk.Send(Answers.Done(id))));
        var opened = await LdapConnection.Open(DirectoryEndpoint.Parse(directory.Url, out _)!, null, Quick, Clock, CancellationToken.None);
        Assert.IsType<DirectoryCertificateUntrusted>(opened.Refusal);
    }

    [Fact]
    public async Task L08_StartTLS_refused_or_stripped_ends_it_and_nothing_else_is_sent()
    {
        await using var refusing = new ScriptedDirectory(null, async talk =>
        {
            var (id, tag, _) = await talk.Read();
            Assert.Equal(0x77, tag);
            await talk.Send(Answers.Extended(id, 2, "unsupported extended operation"));
            await talk.Read();
        });
        var (refusal, _, _) = await Ask(refusing);
        Assert.IsType<StartTlsRefused>(refusal);
        Assert.Contains("unsupported extended operation", refusal.Evidence);
        Assert.Single(refusing.Received);

        // Says yes and goes on in clear text.
        await using var lying = new ScriptedDirectory(null, async talk =>
        {
            var (id, _, _) = await talk.Read();
            await talk.Send(Answers.Extended(id, 0));
            await talk.Read();
        });
        (refusal, _, _) = await Ask(lying);
        Assert.True(refusal is DirectoryTlsFailed or DirectoryTimedOut, refusal!.Evidence);
        Assert.DoesNotContain(lying.Received, r => Contains(r, "secret"));
    }

    [Fact]
    public async Task L17_bytes_behind_the_answer_to_StartTLS_drop_the_connection_by_name()
    {
        await using var directory = new ScriptedDirectory(null, async talk =>
        {
            var (id, _, _) = await talk.Read();
            await talk.Send([.. Answers.Extended(id, 0), .. Answers.Bind(2, 0)]);
            await talk.Read();
        });
        var (refusal, _, _) = await Ask(directory);
        Assert.IsType<BytesBeforeTls>(refusal);
        Assert.Single(directory.Received);
    }

    [Fact]
    public async Task StartTLS_with_a_private_authority_works()
    {
        await using var directory = new ScriptedDirectory(Good(), talk => talk.Obey((id, _) => talk.Send(Answers.Entry(id, "uid=ada", ("uid", "ada")), Answers.Done(id))), startTls: true);
        var (refusal, entries, _) = await Ask(directory);
        Assert.Null(refusal);
        Assert.Equal("uid=ada", Assert.Single(entries).Dn);
        Assert.Equal(0x77, directory.Received[0][5]);
    }

    [Fact]
    public async Task L09_referrals_are_noted_and_never_followed()
    {
        await using var other = new ScriptedDirectory(Good(), talk => talk.Silence());
        await using var directory = new ScriptedDirectory(Good(), talk => talk.Obey((id, _) => talk.Send(Answers.Reference(id, other.Url + "/dc=other"), Answers.Entry(id, "uid=ada", ("uid", "ada")), Answers.Done(id))));
        var (refusal, entries, end) = await Ask(directory);
        Assert.Null(refusal);
        Assert.Single(entries);
        Assert.Contains(other.Url, Assert.Single(end!.Referrals));
        await using var refers = new ScriptedDirectory(Good(), talk => talk.Obey((id, _) => talk.Send(Answers.Done(id, 10, referrals: other.Url + "/dc=other"))));
        (refusal, _, _) = await Ask(refers);
        Assert.IsType<DirectoryRefers>(refusal);
        Assert.Equal(0, other.Connections);
    }

    [Fact]
    public async Task L15_slow_half_open_dripping_and_garbage_servers_cost_no_more_than_the_limit()
    {
        async Task Drip(Talk talk)
        {
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
            foreach (var b in Answers.Bind(1, 0))
            {
                await talk.Send([b]);
                await timer.WaitForNextTickAsync(talk.Stop);
            }
        }
        var garbage = new byte[3000];
        new Random(7).NextBytes(garbage);
        foreach (var (script, expected) in new (Func<Talk, Task>, string)[]
        {
            (talk => talk.Silence(), "ldap.timed_out"),
            (Drip, "ldap.timed_out"),
            (async talk => { await talk.Read(); await talk.Send(garbage); await talk.Silence(); }, "ldap.answer_malformed"),
            (async talk => { await talk.Read(); await talk.Send("HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray()); }, "ldap.answer_malformed"),
            (async talk => { await talk.Read(); await talk.Send([0x30, 0x84, 0x7f, 0xff, 0xff, 0xff, 1, 2, 3]); await talk.Silence(); }, "ldap.answer_malformed"),
            (async talk => { await talk.Read(); }, "ldap.connection_lost"),
            (async talk => { var (id, _, _) = await talk.Read(); await talk.Send(Answers.Bind(id + 5, 0)); await talk.Silence(); }, "ldap.answer_malformed"),
            (async talk => { await talk.Read(); await talk.Send(Answers.Message(0, w => { using (w.PushSequence(new(System.Formats.Asn1.TagClass.Application, 24, true))) { w.WriteEncodedValue([0x0a, 1, 52]); w.WriteOctetString([]); w.WriteOctetString("going down"u8); } })); }, "ldap.unavailable"),
        })
        {
            await using var directory = new ScriptedDirectory(Good(), script);
            var started = Stopwatch.GetTimestamp();
            var (refusal, _, _) = await Ask(directory);
            Assert.Equal(expected, refusal!.Facts.Code);
            Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(4), refusal.Evidence);
        }
    }

    [Fact]
    public async Task L15_a_port_that_accepts_and_says_nothing_and_one_where_nobody_listens_are_two_things()
    {
        await using var silent = new ScriptedDirectory(null, talk => talk.Silence());
        var opened = await LdapConnection.Open(new("localhost", silent.Port, StartTls: false), Trusted(), Quick, Clock, CancellationToken.None);
        Assert.IsType<DirectoryTimedOut>(opened.Refusal);
        opened = await LdapConnection.Open(new("localhost", LoopbackPort.Free(), StartTls: false), Trusted(), Quick, Clock, CancellationToken.None);
        Assert.IsType<DirectoryNotReachable>(opened.Refusal);
        opened = await LdapConnection.Open(new("nobody.invalid", 636, StartTls: false), Trusted(), Quick, Clock, CancellationToken.None);
        Assert.IsType<DirectoryNameUnknown>(opened.Refusal);
    }

    [Fact]
    public async Task An_answer_that_ends_early_is_never_a_shorter_answer()
    {
        foreach (var (script, expected) in new (Func<Talk, Func<int, byte[], Task>>, string)[]
        {
            (talk => (id, _) => talk.Send(Answers.Entry(id, "uid=a", ("uid", "a")), Answers.Done(id, 4, message: "limit")), "ldap.answer_cut_short"),
            (talk => (id, _) => talk.Send(Answers.Entry(id, "uid=a", ("uid", "a")), Answers.Done(id, 3)), "ldap.answer_cut_short"),
            (talk => async (id, _) => { await talk.Send(Answers.Entry(id, "uid=a", ("uid", "a"))); throw new IOException(); }, "ldap.connection_lost"),
            // A cookie for ever, and never an entry.
            (talk => (id, _) => talk.Send(Answers.Done(id, 0, [1])), "ldap.answer_malformed"),
            (talk => (id, _) => talk.Send(Answers.Done(id, 53, message: "unindexed")), "ldap.refused"),
            (talk => (id, _) => talk.Send(Answers.Done(id, 51)), "ldap.unavailable"),
            (talk => (id, _) => talk.Send(Answers.Bind(id, 0)), "ldap.answer_malformed"),
        })
        {
            await using var directory = new ScriptedDirectory(Good(), talk => talk.Obey(script(talk)));
            var (refusal, _, end) = await Ask(directory);
            Assert.Equal(expected, refusal?.Facts.Code);
            Assert.Null(end);
        }
    }

    [Fact]
    public async Task Pages_are_asked_for_until_the_cookie_is_empty_and_too_much_is_too_much()
    {
        var page = 0;
        await using var directory = new ScriptedDirectory(Good(), talk => talk.Obey((id, _) => talk.Send(Answers.Entry(id, $"uid=a{page}", ("uid", "a")), Answers.Done(id, 0, ++page < 5 ? [(byte)page] : []))));
        var (refusal, entries, _) = await Ask(directory);
        Assert.Null(refusal);
        Assert.Equal(5, entries.Count);
        page = int.MinValue;
        (refusal, entries, _) = await Ask(directory, Quick with { Entries = 10 });
        Assert.IsType<AnswerTooLarge>(refusal);
        Assert.Equal(10, entries.Count);
    }

    [Fact]
    public async Task L14_members_in_ranges_are_put_together_whole()
    {
        // As Active Directory does: 1,500 at a time, the last range ends with *.
        string[] all = [.. Enumerable.Range(0, 10_000).Select(i => $"cn=u{i},dc=corp")];
        static (string, object)[] Range(string[] all, int from)
        {
            var to = Math.Min(from + 1499, all.Length - 1);
            var name = $"member;range={from}-{(to == all.Length - 1 ? "*" : to.ToString(System.Globalization.CultureInfo.InvariantCulture))}";
            return [.. all[from..(to + 1)].Select(m => (name, (object)m))];
        }
        await using var directory = new ScriptedDirectory(Good(), talk => talk.Obey((id, body) =>
        {
            var asked = System.Text.Encoding.ASCII.GetString(body);
            var at = asked.LastIndexOf("range=", StringComparison.Ordinal);
            var from = at < 0 ? 0 : int.Parse(asked[(at + 6)..asked.IndexOf('-', at)], System.Globalization.CultureInfo.InvariantCulture);
            return talk.Send(Answers.Entry(id, "cn=g,dc=corp", Range(all, from)), Answers.Done(id));
        }));
        Assert.True((await Open(directory)).Passed(out var connection, out _));
        await using (connection)
        {
            DirectoryEntry? group = null;
            await connection.Search(new("dc=corp", SearchScope.Subtree, LdapFilter.Exists("member"), ["member"]), 100, e => group = e, CancellationToken.None);
            Assert.Equal(1500, group!.Range("member")!.Value.Next);
            var whole = (await connection.Complete(group, "member", CancellationToken.None)).Value;
            Assert.Equal(all, whole.Texts("member"));
        }
    }

    [Fact]
    public async Task C126_the_bind_says_which_of_the_many_things_was_wrong()
    {
        foreach (var (code, message, expected) in new[]
        {
            (49, "80090308: LdapErr: DSID-0C09042A, comment: AcceptSecurityContext error, data 525, v3839", "ldap.bind_dn_unknown"),
            (49, "80090308: LdapErr: DSID-0C09042A, comment: AcceptSecurityContext error, data 52e, v3839", "ldap.bind_password_wrong"),
            (49, "80090308: LdapErr: DSID-0C09042A, comment: AcceptSecurityContext error, data 532, v3839", "ldap.bind_account_unusable"),
            (49, "80090308: LdapErr: DSID-0C09042A, comment: AcceptSecurityContext error, data 533, v3839", "ldap.bind_account_unusable"),
            (49, "80090308: LdapErr: DSID-0C09042A, comment: AcceptSecurityContext error, data 775, v3839", "ldap.bind_account_unusable"),
            (49, "", "ldap.bind_refused"), (34, "invalid DN", "ldap.bind_dn_malformed"), (8, "strong auth", "ldap.refused"), (14, "more", "ldap.refused"), (52, "", "ldap.unavailable"),
        })
        {
            await using var directory = new ScriptedDirectory(Good(), async talk =>
            {
                var (id, _, _) = await talk.Read();
                await talk.Send(Answers.Bind(id, code, message));
                await talk.Read();
            });
            var (refusal, _, _) = await Ask(directory);
            Assert.Equal(expected, refusal!.Facts.Code);
            Assert.Contains(code.ToString(System.Globalization.CultureInfo.InvariantCulture), refusal.Evidence);
        }
    }

    [Fact]
    public async Task A_second_server_takes_over_and_the_first_rests_until_it_is_tried_again()
    {
        await using var dead = new ScriptedDirectory(Good(), talk => talk.Silence());
        await using var alive = new ScriptedDirectory(Good(), talk => talk.Obey((id, _) => talk.Send(Answers.Done(id))));
        var clock = new TestClock();
        var door = new DirectoryDoor(Quick, clock);
        DirectoryEndpoint[] both = [DirectoryEndpoint.Parse(dead.Url, out _)!, DirectoryEndpoint.Parse(alive.Url, out _)!];
        async Task<TimeSpan> Bind()
        {
            var started = Stopwatch.GetTimestamp();
            Assert.True((await door.Open(both, Trusted(), "cn=reader", "secret"u8.ToArray(), CancellationToken.None)).Passed(out var connection, out var refusal), refusal?.Evidence);
            await connection.DisposeAsync();
            return Stopwatch.GetElapsedTime(started);
        }
        await Bind();
        Assert.Equal(1, dead.Connections);
        Assert.True(await Bind() < TimeSpan.FromMilliseconds(500));
        Assert.Equal(1, dead.Connections);
        clock.Advance(TimeSpan.FromSeconds(31));
        await Bind();
        Assert.Equal(2, dead.Connections);
        // All at rest: told at once.
        var alone = new DirectoryDoor(Quick, clock);
        Assert.IsType<DirectoryTimedOut>((await alone.Open(both[..1], Trusted(), "cn=reader", "secret"u8.ToArray(), CancellationToken.None)).Refusal);
        var quick = Stopwatch.GetTimestamp();
        Assert.IsType<DirectoryResting>((await alone.Open(both[..1], Trusted(), "cn=reader", "secret"u8.ToArray(), CancellationToken.None)).Refusal);
        Assert.True(Stopwatch.GetElapsedTime(quick) < TimeSpan.FromMilliseconds(100));
    }

    [Fact]
    public async Task A_wrong_password_is_told_to_one_server_only()
    {
        await using var first = new ScriptedDirectory(Good(), async talk =>
        {
            var (id, _, _) = await talk.Read();
            await talk.Send(Answers.Bind(id, 49));
            await talk.Read();
        });
        await using var second = new ScriptedDirectory(Good(), talk => talk.Silence());
        var door = new DirectoryDoor(Quick, Clock);
        var opened = await door.Open([DirectoryEndpoint.Parse(first.Url, out _)!, DirectoryEndpoint.Parse(second.Url, out _)!], Trusted(), "cn=reader", "wrong"u8.ToArray(), CancellationToken.None);
        Assert.IsType<BindRefused>(opened.Refusal);
        Assert.Equal(0, second.Connections);
    }

    [Theory]
    [InlineData("ldaps://dc1.corp.example", "dc1.corp.example", 636, false)]
    [InlineData("LDAP://DC1:3389/", "dc1", 3389, true)]
    [InlineData("ldaps://[2001:db8::1]:1636", "2001:db8::1", 1636, false)]
    public void URLs_are_read_strictly(string url, string host, int port, bool startTls) => Assert.Equal(new DirectoryEndpoint(host, port, startTls), DirectoryEndpoint.Parse(url, out _));

    [Theory]
    [InlineData("http://dc1")]
    [InlineData("dc1")]
    [InlineData("ldaps://")]
    [InlineData("ldaps://dc1:0")]
    [InlineData("ldaps://dc1:99999")]
    [InlineData("ldaps://user@dc1")]
    [InlineData("ldaps://dc1/dc=corp?uid")]
    [InlineData("ldaps://dc 1")]
    [InlineData("ldaps://[::1")]
    [InlineData("ldaps://dc1:636:636")]
    [InlineData("ldapi:///tmp/x")]
    public void Other_URLs_are_none(string url)
    {
        Assert.Null(DirectoryEndpoint.Parse(url, out var fault));
        Assert.NotEmpty(fault);
    }

    private static bool Contains(byte[] message, string text) => message.AsSpan().IndexOf(System.Text.Encoding.ASCII.GetBytes(text)) >= 0;
}
