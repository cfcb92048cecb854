using FastKv.Api;
using Xunit;

namespace FastKv.Tests.Api;

public sealed class ApiErrorTests
{
    [Fact]
    public void Every_documented_code_is_in_the_catalogue_with_its_sentence_and_status()
    {
        Assert.Equal(14, Envelope.Documented.Count);
        foreach (var (code, (status, sentence)) in Envelope.Documented)
        {
            var error = Assert.Single(ApiError.All, error => error.Code == code);
            Assert.Equal(sentence, error.Message);
            Assert.Equal((int)status, error.Status);
        }
    }

    [Fact]
    public void Every_other_code_has_the_status_of_the_contract()
    {
        var others = ApiError.All.Where(error => !Envelope.Documented.ContainsKey(error.Code)).ToArray();

        Assert.Equal(Envelope.Undocumented.Keys.Order(), others.Select(error => error.Code).Order());
        Assert.All(others, error => Assert.Equal((int)Envelope.Undocumented[error.Code], error.Status));
    }

    [Fact]
    public void No_two_codes_share_a_sentence()
    {
        Assert.Equal(ApiError.All.Count, ApiError.All.Select(error => error.Message).Distinct().Count());
    }

    [Theory]
    [InlineData(401, "INVALID_TOKEN")]
    [InlineData(404, "NOT_FOUND")]
    [InlineData(405, "METHOD_NOT_ALLOWED")]
    [InlineData(413, "PAYLOAD_TOO_LARGE")]
    [InlineData(415, "UNSUPPORTED_MEDIA_TYPE")]
    [InlineData(429, "TOO_MANY_REQUESTS")]
    [InlineData(400, "INVALID_REQUEST")]
    [InlineData(431, "INVALID_REQUEST")]
    [InlineData(500, "INTERNAL_ERROR")]
    [InlineData(502, "INTERNAL_ERROR")]
    [InlineData(503, "STORE_UNAVAILABLE")]
    public void A_status_without_a_body_has_an_error(int status, string code)
    {
        Assert.Equal(code, ApiError.ForStatus(status).Code);
    }
}
