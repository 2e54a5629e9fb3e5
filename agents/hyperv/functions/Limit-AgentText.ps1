function Limit-AgentText {
    <#
    .SYNOPSIS
    A text cut to what the envelope takes: 2,000 characters, none of them half of a pair.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param([Parameter(Mandatory = $true)] [AllowEmptyString()] [AllowNull()] [string] $Text, [int] $Length = 2000)
    if ($Text.Length -le $Length) { return $Text }
    $end = $Length
    if ([char]::IsHighSurrogate($Text[$end - 1])) { $end-- }
    $Text.Substring(0, $end)
}
