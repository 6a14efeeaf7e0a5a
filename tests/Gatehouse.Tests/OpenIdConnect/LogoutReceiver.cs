using System.Collections.Concurrent;
using Gatehouse.Tests.Parts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Gatehouse.Tests.OpenIdConnect;

/// <summary>An application's back-channel logout address; it answers what it is told to.</summary>
public sealed class LogoutReceiver : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly ConcurrentQueue<string> tokens = new();
    private readonly SemaphoreSlim came = new(0);

    private LogoutReceiver(WebApplication app, string url) => (this.app, Url) = (app, url);

    public string Url { get; }
    public int Status { get; set; } = 200;

    /// <summary>Never answers while set.</summary>
    public bool Hangs { get; set; }
    public IReadOnlyList<string> Tokens => [.. tokens];

    public static async Task<LogoutReceiver> Start()
    {
        var url = $"http://localhost:{LoopbackPort.Free()}";
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(url);
        var app = builder.Build();
        var receiver = new LogoutReceiver(app, url + "/told");
        app.MapPost("/told", receiver.Take);
        await app.StartAsync();
        return receiver;
    }

    /// <summary>The next logout token that arrives.</summary>
    public async Task<string> Next()
    {
        Assert.True(await came.WaitAsync(TimeSpan.FromSeconds(20)), "no logout token came");
        return tokens.TryDequeue(out var token) ? token : throw new InvalidOperationException();
    }

    private async Task Take(HttpContext http)
    {
        Assert.Equal("application/x-www-form-urlencoded", http.Request.ContentType);
        var form = await http.Request.ReadFormAsync();
        tokens.Enqueue(form["logout_token"].ToString());
        came.Release();
        if (Hangs) await new TaskCompletionSource().Task.WaitAsync(http.RequestAborted);
        http.Response.StatusCode = Status;
        if (Status == 302) http.Response.Headers.Location = "http://169.254.169.254/";
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await app.StopAsync(now.Token);
        await app.DisposeAsync();
        came.Dispose();
    }
}
