function Read-AgentInput {
    <#
    .SYNOPSIS
    All text of a stream, as strict UTF-8 (a byte order mark is passed over), 4 MiB at most.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param(
        [Parameter(Mandatory = $true)] [System.IO.Stream] $InputStream,
        [int] $MaximumBytes = 4194304
    )
    $whole = [System.IO.MemoryStream]::new()
    $buffer = [byte[]]::new(65536)
    while (($count = $InputStream.Read($buffer, 0, $buffer.Length)) -gt 0) {
        $whole.Write($buffer, 0, $count)
        if ($whole.Length -gt $MaximumBytes) {
            throw (New-AgentFailure -Code AGENT_PROTOCOL -Message "The job is larger than $MaximumBytes bytes.")
        }
    }
    try { $text = [System.Text.UTF8Encoding]::new($false, $true).GetString($whole.ToArray()) }
    catch { throw (New-AgentFailure -Code AGENT_PROTOCOL -Message 'The job is not UTF-8.') }
    $text.TrimStart([char]0xFEFF)
}
