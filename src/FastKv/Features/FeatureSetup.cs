using FastEndpoints;
using FastKv.Configuration;
using FastKv.Features.Data;
using FastKv.Features.Users;

namespace FastKv.Features;

internal static class FeatureSetup
{
    public static void AddFeatures(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<UserStore>();
        builder.Services.AddSingleton<RegistrationLimiter>();
        builder.Services.AddSingleton<AccountStore>();
        builder.Services.AddSingleton<AccountDeletions>();
        builder.Services.AddSingleton<DeletedDataRemover>();
        builder.Services.AddHostedService(services => services.GetRequiredService<DeletedDataRemover>());
        builder.Services.AddSingleton<DataStore>();
        builder.Services.AddSingleton(DataOptions.From(builder.Configuration));
        foreach (var type in DataSchema.All)
        {
            builder.Services.AddSingleton(type);
        }

        builder.Services.AddFastEndpoints(options =>
        {
            options.DisableAutoDiscovery = true;
            options.Assemblies = [typeof(FeatureSetup).Assembly];
        });
    }
}
