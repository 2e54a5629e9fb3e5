function ConvertTo-AgentTime {
    <#
    .SYNOPSIS
    RFC 3339 in UTC, or null.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param([Parameter(Mandatory = $true)] [AllowNull()] [object] $Time)
    if ($Time -isnot [datetime] -or $Time.Year -lt 1990) { return $null }
    $Time.ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ss.fffZ', [System.Globalization.CultureInfo]::InvariantCulture)
}
