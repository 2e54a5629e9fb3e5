function Set-AgentMemory {
    <#
    .SYNOPSIS
    Sets the memory of a machine, static or dynamic; while it runs only what may change then.
    #>
    [CmdletBinding()]
    [OutputType([void])]
    param(
        [Parameter(Mandatory = $true)] [object] $Vm,
        [Parameter(Mandatory = $true)] [hashtable] $Wanted
    )
    $startup = [long]$Wanted.memory_bytes
    $isDynamic = $null -ne $Wanted.memory_min_bytes -or $null -ne $Wanted.memory_max_bytes
    $set = @{ VM = $Vm }
    if ($isDynamic) {
        $min = $startup
        $max = $startup
        if ($null -ne $Wanted.memory_min_bytes) { $min = [long]$Wanted.memory_min_bytes }
        if ($null -ne $Wanted.memory_max_bytes) { $max = [long]$Wanted.memory_max_bytes }
        if (-not $Vm.DynamicMemoryEnabled) { $set.DynamicMemoryEnabled = $true }
        if ($Vm.MemoryStartup -ne $startup) { $set.StartupBytes = $startup }
        if ($set.Count -gt 1 -or $Vm.MemoryMinimum -ne $min) { $set.MinimumBytes = $min }
        if ($set.Count -gt 1 -or $Vm.MemoryMaximum -ne $max) { $set.MaximumBytes = $max }
        if ($null -ne $Wanted.memory_buffer_percent) { $set.Buffer = [int]$Wanted.memory_buffer_percent }
    }
    else {
        if ($Vm.DynamicMemoryEnabled) { $set.DynamicMemoryEnabled = $false }
        if ($Vm.MemoryStartup -ne $startup) { $set.StartupBytes = $startup }
    }
    if ($set.Count -gt 1) { Set-VMMemory @set }
    Update-AgentNote -Id (ConvertTo-AgentId -Vm $Vm) -Change {
        param($note)
        $note.memory_min_bytes = $Wanted.memory_min_bytes
        $note.memory_max_bytes = $Wanted.memory_max_bytes
    }
}
