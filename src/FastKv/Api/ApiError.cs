using System.Collections.Frozen;

namespace FastKv.Api;

/// <summary>
/// One error that a client can meet: its code, its status and its sentence. The catalogue below is complete: every error
/// body is made from one of these. Codes up to <see cref="InternalError"/> and their sentences are those of the API document.
/// </summary>
internal sealed class ApiError
{
    // In the order in which the errors of one request are decided: the first that applies is the answer.
    public static readonly ApiError InvalidRequest = new(
        "INVALID_REQUEST",
        400,
        "Invalid request. Please provide all required fields."
    );
    public static readonly ApiError InvalidPassword = new(
        "INVALID_PASSWORD",
        400,
        "The provided password does not meet the requirements."
    );
    public static readonly ApiError InvalidAge = new("INVALID_AGE", 400, "Invalid age value.");
    public static readonly ApiError GenderRequired = new("GENDER_REQUIRED", 400, "Gender field is required.");
    public static readonly ApiError UsernameExists = new(
        "USERNAME_EXISTS",
        409,
        "The provided username is already taken."
    );
    public static readonly ApiError EmailExists = new("EMAIL_EXISTS", 409, "The provided email is already registered.");
    public static readonly ApiError MissingFields = new(
        "MISSING_FIELDS",
        400,
        "Missing fields. Please provide both username and password."
    );
    public static readonly ApiError InvalidCredentials = new(
        "INVALID_CREDENTIALS",
        401,
        "Invalid credentials. The provided username or password is incorrect."
    );
    public static readonly ApiError InvalidToken = new("INVALID_TOKEN", 401, "Invalid access token provided.");
    public static readonly ApiError InvalidKey = new("INVALID_KEY", 400, "The provided key is not valid or missing.");
    public static readonly ApiError InvalidValue = new(
        "INVALID_VALUE",
        400,
        "The provided value is not valid or missing."
    );
    public static readonly ApiError KeyExists = new(
        "KEY_EXISTS",
        409,
        "The provided key already exists in the database. To update an existing key, use the update API."
    );
    public static readonly ApiError KeyNotFound = new(
        "KEY_NOT_FOUND",
        404,
        "The provided key does not exist in the database."
    );
    public static readonly ApiError InternalError = new("INTERNAL_ERROR", 500, "Internal server error occurred.");

    // Codes that the document does not list.
    public static readonly ApiError InvalidExpiry = new(
        "INVALID_EXPIRY",
        400,
        "The provided expiry is not valid. Give whole seconds from 1 to 315360000."
    );
    public static readonly ApiError InvalidParameter = new(
        "INVALID_PARAMETER",
        400,
        "A query parameter or a header of the request is not valid."
    );
    public static readonly ApiError IdempotencyKeyReused = new(
        "IDEMPOTENCY_KEY_REUSED",
        422,
        "The Idempotency-Key was used with another request. Give each request a key of its own."
    );
    public static readonly ApiError PreconditionFailed = new(
        "PRECONDITION_FAILED",
        412,
        "The entry is not in the version that If-Match or If-None-Match demands."
    );
    public static readonly ApiError QuotaExceeded = new(
        "QUOTA_EXCEEDED",
        403,
        "You have as many keys as you may have. Delete some before you create others."
    );
    public static readonly ApiError ValueNotInteger = new(
        "VALUE_NOT_INTEGER",
        409,
        "The value is not a whole number of 64 bits, or the result would not be one."
    );
    public static readonly ApiError BatchRejected = new(
        "BATCH_REJECTED",
        409,
        "At least one operation of the batch can't be done, so none was. The details say which."
    );
    public static readonly ApiError NotFound = new("NOT_FOUND", 404, "There is no such route.");
    public static readonly ApiError MethodNotAllowed = new(
        "METHOD_NOT_ALLOWED",
        405,
        "This route does not answer this method. The Allow header names those it does."
    );
    public static readonly ApiError PayloadTooLarge = new(
        "PAYLOAD_TOO_LARGE",
        413,
        "The request body is larger than any legal request of this operation."
    );
    public static readonly ApiError UnsupportedMediaType = new(
        "UNSUPPORTED_MEDIA_TYPE",
        415,
        "Send the body as JSON in UTF-8, with the header Content-Type: application/json and without a Content-Encoding."
    );
    public static readonly ApiError TooManyRequests = new(
        "TOO_MANY_REQUESTS",
        429,
        "Too many requests. Try again after the time in the Retry-After header."
    );
    public static readonly ApiError StoreUnavailable = new(
        "STORE_UNAVAILABLE",
        503,
        "The service can't do this right now. Nothing was done; try again after the time in the Retry-After header."
    );
    public static readonly ApiError OutcomeUnknown = new(
        "OUTCOME_UNKNOWN",
        504,
        "The write was sent and its reply was lost: it may or may not have happened. Read before you try again."
    );

    /// <summary>Every error, in the order in which they are decided.</summary>
    public static IReadOnlyList<ApiError> All { get; } =
    [
        InvalidRequest,
        InvalidPassword,
        InvalidAge,
        GenderRequired,
        UsernameExists,
        EmailExists,
        MissingFields,
        InvalidCredentials,
        InvalidToken,
        InvalidKey,
        InvalidValue,
        KeyExists,
        KeyNotFound,
        InternalError,
        InvalidExpiry,
        InvalidParameter,
        IdempotencyKeyReused,
        PreconditionFailed,
        QuotaExceeded,
        ValueNotInteger,
        BatchRejected,
        NotFound,
        MethodNotAllowed,
        PayloadTooLarge,
        UnsupportedMediaType,
        TooManyRequests,
        StoreUnavailable,
        OutcomeUnknown,
    ];

    private static readonly FrozenDictionary<string, (ApiError Error, int Rank)> ByCode = All.Select(
            (error, rank) => (error, rank)
        )
        .ToFrozenDictionary(entry => entry.error.Code, entry => (entry.error, entry.rank));

    private ApiError(string code, int status, string message)
    {
        Code = code;
        Status = status;
        Message = message;
    }

    /// <summary>What a program reads, in upper case.</summary>
    public string Code { get; }

    /// <summary>The HTTP status.</summary>
    public int Status { get; }

    /// <summary>What a person reads: the sentence of the API document, word for word.</summary>
    public string Message { get; }

    /// <summary>The error of a code.</summary>
    public static ApiError OfCode(string code) => ByCode[code].Error;

    /// <summary>Of several errors of one request, the one that is decided first.</summary>
    public static ApiError FirstOf(IEnumerable<string> codes) =>
        codes.Select(code => ByCode[code]).MinBy(entry => entry.Rank).Error;

    /// <summary>The error for an answer that the server gave a status, but no body.</summary>
    public static ApiError ForStatus(int status) =>
        status switch
        {
            401 => InvalidToken,
            404 => NotFound,
            405 => MethodNotAllowed,
            413 => PayloadTooLarge,
            415 => UnsupportedMediaType,
            429 => TooManyRequests,
            503 => StoreUnavailable,
            >= 500 => InternalError,
            _ => InvalidRequest,
        };
}
