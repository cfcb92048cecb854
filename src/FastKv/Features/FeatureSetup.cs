using FastEndpoints;
using FastKv.Features.Data;
using FastKv.Features.Users;
using NJsonSchema.Generation.TypeMappers;

namespace FastKv.Features;

internal static class FeatureSetup
{
    public static void AddFeatures(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<UserStore>();
        builder.Services.AddSingleton<RegistrationLimiter>();
        builder.Services.AddSingleton<DataStore>();
        builder.Services.AddSingleton<ITypeMapper>(_ => DataSchema.Key);
        builder.Services.AddSingleton<ITypeMapper>(_ => DataSchema.Value);
        builder.Services.AddFastEndpoints(options =>
        {
            options.DisableAutoDiscovery = true;
            options.Assemblies = [typeof(FeatureSetup).Assembly];
        });
    }
}
