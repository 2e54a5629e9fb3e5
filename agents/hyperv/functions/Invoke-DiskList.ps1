function Invoke-DiskList {
    <#
    .SYNOPSIS
    disk.list: the disks of a machine, or the volumes of storage classes.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    if ($null -ne $Job.Spec['vm']) {
        $vm = Get-AgentVm -Id $Job.Spec['vm']
        $devices = @(Get-AgentDevice -Vm $vm -Note (Read-AgentNote -Text $vm.Notes))
        $boot = @(Get-AgentBootOrder -Vm $vm -Devices $devices)
        $items = @($devices | Where-Object { $_.Kind -cne 'nic' } | ForEach-Object { Get-AgentDiskView -Device $_ -Vm $vm -Boot $boot -Resources $Job.Resources })
        if ($null -ne $Job.Spec['storage_class']) { $items = @($items | Where-Object { $_['storage_class'] -ceq $Job.Spec['storage_class'] }) }
    }
    else {
        $owners = @{}
        foreach ($vm in @(Get-VM)) {
            try { foreach ($device in @(Get-AgentDevice -Vm $vm -Note (Read-AgentNote -Text $vm.Notes) -Adapters @())) { $owners[$device.Id] = @{ Vm = $vm; Device = $device } } }
            catch { if (Test-AgentVm -Vm $vm) { throw } }
        }
        $items = @(Get-AgentLooseDisk -Resources $Job.Resources -StorageClass $Job.Spec['storage_class'] | ForEach-Object {
                if ($owners.ContainsKey($_.Id)) { Get-AgentDiskView -Device $owners[$_.Id].Device -Vm $owners[$_.Id].Vm -Resources $Job.Resources }
                else { Get-AgentDiskView -Device $_ -Vm $null -Resources $Job.Resources }
            })
    }
    New-AgentResult -Message "$($items.Count) disks." -Data ([ordered]@{ items = $items })
}
