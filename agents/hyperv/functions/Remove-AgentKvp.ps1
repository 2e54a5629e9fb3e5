function Remove-AgentKvp {
    <#
    .SYNOPSIS
    Takes back items by name, one call each: one that is not there must not keep the others.
    #>
    [CmdletBinding()]
    [OutputType([void])]
    param(
        [Parameter(Mandatory = $true)] [object] $System,
        [Parameter(Mandatory = $true)] [AllowEmptyCollection()] [string[]] $Names
    )
    $service = Get-AgentCimService
    $there = Get-AgentKvpHost -System $System
    foreach ($name in $Names) {
        if (-not $there.Contains($name)) { continue }
        $null = Invoke-AgentCimMethod -Instance $service -Method 'RemoveKvpItems' -Arguments @{ TargetSystem = $System; DataItems = [string[]]@(ConvertTo-AgentKvpText -Name $name -Value '') } -Allowed 0, 32773, 32779
    }
}
