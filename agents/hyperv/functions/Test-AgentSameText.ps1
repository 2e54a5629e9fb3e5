function Test-AgentSameText {
    <#
    .SYNOPSIS
    Whether two values are one, sign by sign: -ceq passes over signs without width, of which emoji are joined. -AnyBreak: ends of lines are one.
    #>
    [CmdletBinding()]
    [OutputType([bool])]
    param(
        [Parameter(Mandatory = $true)] [AllowNull()] [AllowEmptyString()] [AllowEmptyCollection()] [object] $Value,
        [Parameter(Mandatory = $true)] [AllowNull()] [AllowEmptyString()] [AllowEmptyCollection()] [object] $Other,
        [switch] $AnyBreak
    )
    if ($AnyBreak -and $Value -is [string] -and $Other -is [string]) {
        $Value = $Value.Replace("`r`n", "`n")
        $Other = $Other.Replace("`r`n", "`n")
    }
    [string]::Equals((ConvertTo-AgentJson -Value $Value), (ConvertTo-AgentJson -Value $Other), [System.StringComparison]::Ordinal)
}
