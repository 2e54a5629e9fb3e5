function Assert-AgentNicSpec {
    <#
    .SYNOPSIS
    Refuses what Hyper-V has no adapter for, bandwidth that it would round, and a promise of it on a switch that counts by weight.
    #>
    [CmdletBinding()]
    [OutputType([void])]
    param(
        [Parameter(Mandatory = $true)] [System.Collections.IDictionary] $Spec,
        [Parameter(Mandatory = $true)] [object] $Vm,
        [AllowNull()] [object] $Switch
    )
    $model = $Spec['model']
    if ($null -ne $model -and @('paravirtual', 'legacy') -cnotcontains $model) { throw (New-AgentFailure -Code HYPERVISOR_UNSUPPORTED -Message "Hyper-V has no adapter $model." -Pointer '/model') }
    if ($model -ceq 'legacy' -and [int]$Vm.Generation -ne 1) { throw (New-AgentFailure -Code HYPERVISOR_UNSUPPORTED -Message 'Only a virtual machine of generation 1 (firmware bios) has a legacy adapter.' -Pointer '/model') }
    foreach ($field in 'bandwidth_min_bps', 'bandwidth_max_bps') {
        if ($null -ne $Spec[$field] -and [long]$Spec[$field] % 8 -ne 0) { throw (New-AgentFailure -Code VM_CONFIG_INVALID -Message "Hyper-V counts $field in eights." -Pointer "/$field") }
    }
    if ($null -ne $Spec['bandwidth_min_bps'] -and [long]$Spec['bandwidth_min_bps'] -gt 0 -and $null -ne $Switch -and [string]$Switch.BandwidthReservationMode -cne 'Absolute') {
        throw (New-AgentFailure -Code HYPERVISOR_UNSUPPORTED -Message 'The switch of this network promises no bandwidth in bits per second.' -Pointer '/bandwidth_min_bps')
    }
}
