function Invoke-VmStats {
    <#
    .SYNOPSIS
    vm.stats: what Hyper-V counts of a machine until this moment, of which the relay makes rates. What is not certain is null.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $vm = Get-AgentVm -Id $Job.Spec['vm']
    $state = ConvertTo-AgentState -State $vm.State
    $data = [ordered]@{
        id = ConvertTo-AgentId -Vm $vm; state = $state; at_ms = [double]0; run = $null; cpus = [Math]::Max(1, [long]$vm.ProcessorCount); cpu_time_ms = $null
        memory_assigned_bytes = [long]0; memory_used_bytes = $null; disks = $null; nics = $null
    }
    if (@('off', 'saved') -ccontains $state) { $data.cpu_time_ms = [double]0; $data.disks = @(); $data.nics = @() }
    if (@('running', 'paused') -ccontains $state) {
        $devices = @(Get-AgentDevice -Vm $vm -Note (Read-AgentNote -Text $vm.Notes))
        # Of its worker process: another after each start.
        $data.run = [string](Get-AgentCimVm -Vm $vm).ProcessID
        $data.memory_assigned_bytes = [long]$vm.MemoryAssigned
        if ([long]$vm.MemoryDemand -gt 0) { $data.memory_used_bytes = [long]$vm.MemoryDemand }
        $data.disks = Get-AgentDiskCounter -Disks @($devices | Where-Object { $_.Kind -ceq 'disk' -and $_.Path -ne '' })
        $data.nics = Get-AgentNicCounter -Nics @($devices | Where-Object { $_.Kind -ceq 'nic' })
        $data.cpu_time_ms = Get-AgentProcessorTime -Vm $vm
    }
    # A clock of the whole host that only goes on.
    $data.at_ms = [double][System.Diagnostics.Stopwatch]::GetTimestamp() * 1000 / [System.Diagnostics.Stopwatch]::Frequency
    New-AgentResult -Message 'Read.' -Data $data
}
