function New-AgentChange {
    <#
    .SYNOPSIS
    One change of changedData.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.Specialized.OrderedDictionary])]
    param(
        [Parameter(Mandatory = $true)] [string] $Field,
        [AllowNull()] [AllowEmptyString()] [AllowEmptyCollection()] [object] $From = $null,
        [AllowNull()] [AllowEmptyString()] [AllowEmptyCollection()] [object] $To = $null
    )
    # Hyper-V refuses what it cannot do now: nothing that it takes waits for a restart.
    [ordered]@{ field = $Field; from = $From; to = $To; needs_restart = $false }
}
