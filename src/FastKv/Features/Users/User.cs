namespace FastKv.Features.Users;

/// <summary>A registered user, as Redis keeps it.</summary>
internal sealed record User(
    string UserId,
    string Username,
    string Email,
    string FullName,
    int Age,
    string Gender,
    string PasswordHash,
    DateTimeOffset CreatedAt
);
