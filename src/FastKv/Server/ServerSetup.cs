namespace FastKv.Server;

internal static class ServerSetup
{
    private const string DefaultUrl = "http://localhost:8080";

    /// <summary>Configures Kestrel: where it listens and what it bounds.</summary>
    public static void AddServer(this WebApplicationBuilder builder)
    {
        if (
            string.IsNullOrEmpty(builder.Configuration["URLS"])
            && string.IsNullOrEmpty(builder.Configuration["HTTP_PORTS"])
        )
        {
            builder.WebHost.UseUrls(DefaultUrl);
        }

        if (builder.Configuration["FastKv:Http:ManagementPort"] is { } managementPort)
        {
            var urls = builder.WebHost.GetSetting(WebHostDefaults.ServerUrlsKey);
            builder.WebHost.UseUrls($"{urls};http://*:{managementPort}");
        }

        // The framework logs the path of each request at Information, and a path holds a user's key. These are set here and not
        // in a file, so that no missing file can let keys into the log.
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Information);
        builder.Logging.AddFilter("FastEndpoints", LogLevel.Warning);

        builder.Services.Configure<RouteOptions>(routing => routing.SuppressCheckForUnhandledSecurityMetadata = true);
        builder.Services.AddHostedService<RejectedRequests>();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.ConfigureEndpointDefaults(RejectedRequests.Cover);

            // The operations bound their bodies themselves and answer 413; the server then reads what is still coming for at
            // most five seconds, so that the client gets to see the answer.
            kestrel.Limits.MaxRequestBodySize = null;
        });
    }
}
