using System.Net.Mime;
using FastEndpoints;
using FastEndpoints.Swagger;
using Microsoft.AspNetCore.Mvc.ApiExplorer;
using NSwag.Generation.AspNetCore;
using NSwag.Generation.Processors;
using NSwag.Generation.Processors.Contexts;
using BindingSource = Microsoft.AspNetCore.Mvc.ModelBinding.BindingSource;

namespace FastKv.Api.OpenApi;

/// <summary>
/// Tells the processors after it what an operation takes: the type of its endpoint's request, from which FastEndpoints' own one
/// makes parameters and a body. It would stand in the endpoint's Accepts metadata, but the router reads them too, and would answer
/// 415 before the token is checked.
/// </summary>
internal sealed class RequestBodyProcessor : IOperationProcessor
{
    public bool Process(OperationProcessorContext context)
    {
        if (context.GetEndpointDefinition() is { } endpoint && endpoint.ReqDtoType != typeof(EmptyRequest))
        {
            context.OperationDescription.Operation.Consumes = [MediaTypeNames.Application.Json];
            ((AspNetCoreOperationProcessorContext)context).ApiDescription.ParameterDescriptions.Add(
                new ApiParameterDescription
                {
                    Name = endpoint.ReqDtoType.Name,
                    Type = endpoint.ReqDtoType,
                    Source = BindingSource.Body,
                    IsRequired = true,
                }
            );
        }

        return true;
    }
}
