namespace FastKv.Configuration;

/// <summary>A setting is wrong or missing. The message is one sentence that says what to set; the program stops with it.</summary>
internal sealed class InvalidSettingException(string message) : Exception(message);
