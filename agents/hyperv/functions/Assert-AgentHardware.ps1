function Assert-AgentHardware {
    <#
    .SYNOPSIS
    Refuses what Hyper-V has no place for, and more processors or memory than the host has.
    #>
    [CmdletBinding()]
    [OutputType([void])]
    param([Parameter(Mandatory = $true)] [System.Collections.IDictionary] $Spec)
    if ($null -ne $Spec['cpu_topology']) {
        throw (New-AgentFailure -Code HYPERVISOR_UNSUPPORTED -Message 'Hyper-V takes no processor topology.' -Pointer '/cpu_topology')
    }
    $words = @{ firmware = @('bios', 'uefi'); autostart_condition = @('always', 'if-running'); stop_action = @('shutdown', 'save', 'turn-off') }
    foreach ($field in $words.get_Keys()) {
        if ($null -eq $Spec[$field] -or $words[$field] -ccontains $Spec[$field]) { continue }
        throw (New-AgentFailure -Code SPEC_INVALID -Message "Must be one of $($words[$field] -join ', ')." -Pointer "/$field")
    }
    if ($null -eq $Spec['cpus'] -and $null -eq $Spec['memory_bytes']) { return }
    $hostFacts = Get-VMHost
    if ($null -ne $Spec['cpus'] -and [long]$Spec['cpus'] -gt [long]$hostFacts.LogicalProcessorCount) {
        throw (New-AgentFailure -Code HOST_CPUS_SHORT -Message "The host has $($hostFacts.LogicalProcessorCount) processors." -Pointer '/cpus')
    }
    if ($null -ne $Spec['memory_bytes'] -and [long]$Spec['memory_bytes'] -gt [long]$hostFacts.MemoryCapacity) {
        throw (New-AgentFailure -Code HOST_MEMORY_SHORT -Message "The host has $($hostFacts.MemoryCapacity) bytes of memory." -Pointer '/memory_bytes')
    }
}
