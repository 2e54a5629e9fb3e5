function Get-AgentVmView {
    <#
    .SYNOPSIS
    A machine in full (vmData), read from the hypervisor.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.Specialized.OrderedDictionary])]
    param(
        [Parameter(Mandatory = $true)] [object] $Vm,
        [Parameter(Mandatory = $true)] [hashtable] $Resources
    )
    $note = Read-AgentNote -Text $Vm.Notes
    $adapters = @(Get-VMNetworkAdapter -VM $Vm)
    $devices = Get-AgentDevice -Vm $Vm -Note $note -Adapters $adapters
    $boot = Get-AgentBootOrder -Vm $Vm -Devices $devices
    $secure = Get-AgentSecurity -Vm $Vm
    $view = Get-AgentVmSummary -Vm $Vm -Note $note -Adapters $adapters
    $isDynamic = [bool]$Vm.DynamicMemoryEnabled
    $min = $null
    $max = $null
    $buffer = $null
    if ($isDynamic) {
        # Dynamic memory always has both ends; one that is what the machine starts with was said only where the notes have it.
        if ($Vm.MemoryMinimum -ne $Vm.MemoryStartup -or $note.memory_min_bytes -eq $Vm.MemoryMinimum) { $min = [long]$Vm.MemoryMinimum }
        if ($Vm.MemoryMaximum -ne $Vm.MemoryStartup -or $note.memory_max_bytes -eq $Vm.MemoryMaximum) { $max = [long]$Vm.MemoryMaximum }
        $buffer = [int](Get-VMMemory -VM $Vm).Buffer
    }
    $assigned = $null
    if (@('running', 'paused') -ccontains $view['state']) { $assigned = [long]$Vm.MemoryAssigned }
    $firmware = 'uefi'
    if ([int]$Vm.Generation -eq 1) { $firmware = 'bios' }
    $class = $note.storage_class
    if ($null -eq $class) { $class = Find-AgentStorageClass -Path ([string]$Vm.Path) -Resources $Resources }
    $condition = 'always'
    if ([string]$Vm.AutomaticStartAction -ceq 'StartIfRunning') { $condition = 'if-running' }
    $stop = 'save'
    if ([string]$Vm.AutomaticStopAction -ceq 'ShutDown') { $stop = 'shutdown' }
    elseif ([string]$Vm.AutomaticStopAction -ceq 'TurnOff') { $stop = 'turn-off' }
    $created = $note.created_at
    if ($null -eq $created) { $created = ConvertTo-AgentTime -Time $Vm.CreationTime }
    foreach ($pair in @(
            @('cpu_topology', $null), @('memory_min_bytes', $min), @('memory_max_bytes', $max), @('memory_buffer_percent', $buffer),
            @('memory_assigned_bytes', $assigned), @('firmware', $firmware), @('secure_boot', $secure.SecureBoot),
            @('secure_boot_template', $secure.Template), @('tpm', $secure.Tpm),
            @('nested', [bool](Get-VMProcessor -VM $Vm).ExposeVirtualizationExtensions), @('storage_class', $class),
            @('autostart_condition', $condition), @('autostart_delay_ms', ([long]$Vm.AutomaticStartDelay * 1000)), @('stop_action', $stop))) {
        $view[$pair[0]] = $pair[1]
    }
    $view['boot_order'] = @($boot | ForEach-Object { $_.Name })
    $view['disks'] = @($devices | Where-Object { $_.Kind -cne 'nic' } | ForEach-Object { Get-AgentDiskView -Device $_ -Vm $Vm -Boot $boot -Resources $Resources })
    $view['nics'] = @($devices | Where-Object { $_.Kind -ceq 'nic' } | ForEach-Object { Get-AgentNicView -Device $_ -Boot $boot -Note $note -Resources $Resources })
    $view['created_at'] = $created
    $view['pending'] = @()
    $view
}
