function Test-AgentMemoryNeedsOff {
    <#
    .SYNOPSIS
    Whether a change of memory needs the machine off: live are static memory, a lower minimum, a higher maximum and the buffer.
    #>
    [CmdletBinding()]
    [OutputType([bool])]
    param(
        [Parameter(Mandatory = $true)] [object] $Vm,
        [Parameter(Mandatory = $true)] [hashtable] $Wanted
    )
    if ((ConvertTo-AgentState -State $Vm.State) -cne 'running') { return $true }
    $isDynamic = $null -ne $Wanted.memory_min_bytes -or $null -ne $Wanted.memory_max_bytes
    if ($isDynamic -ne [bool]$Vm.DynamicMemoryEnabled) { return $true }
    if (-not $isDynamic) { return $false }
    $min = $Wanted.memory_bytes
    $max = $Wanted.memory_bytes
    if ($null -ne $Wanted.memory_min_bytes) { $min = $Wanted.memory_min_bytes }
    if ($null -ne $Wanted.memory_max_bytes) { $max = $Wanted.memory_max_bytes }
    $Vm.MemoryStartup -ne $Wanted.memory_bytes -or $min -gt $Vm.MemoryMinimum -or $max -lt $Vm.MemoryMaximum
}
