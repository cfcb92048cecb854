using FluentValidation;

namespace FastKv.Api;

internal static class ValidationRuleExtensions
{
    /// <summary>Gives the rule before it its code, the field as the client spells it, and what the field must be.</summary>
    public static IRuleBuilderOptions<T, TProperty> WithError<T, TProperty>(
        this IRuleBuilderOptions<T, TProperty> rule,
        ApiError error,
        string field,
        string reason
    ) => rule.WithErrorCode(error.Code).OverridePropertyName(field).WithMessage(reason);
}
