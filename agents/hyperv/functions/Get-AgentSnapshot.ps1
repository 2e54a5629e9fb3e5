function Get-AgentSnapshot {
    <#
    .SYNOPSIS
    The one snapshot of a machine with a name, or SNAPSHOT_NOT_FOUND. Compared here: -Name takes wildcards.
    #>
    [CmdletBinding()]
    [OutputType([object])]
    param(
        [Parameter(Mandatory = $true)] [object] $Vm,
        [Parameter(Mandatory = $true)] [AllowNull()] [object] $Name
    )
    $found = @(Get-VMSnapshot -VM $Vm | Where-Object { [string]::Equals([string]$_.Name, [string]$Name, [System.StringComparison]::Ordinal) })
    if ($found.Count -eq 0) { throw (New-AgentFailure -Code SNAPSHOT_NOT_FOUND -Message "The virtual machine has no snapshot $Name." -Pointer '/snapshot') }
    if ($found.Count -gt 1) { throw (New-AgentFailure -Code HYPERVISOR_FAILED -Message "The virtual machine has $($found.Count) snapshots named $Name; rename them on the host." -Pointer '/snapshot') }
    $found[0]
}
