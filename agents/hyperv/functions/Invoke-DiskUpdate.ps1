function Invoke-DiskUpdate {
    <#
    .SYNOPSIS
    disk.update: changes the name, size, limit or bus of a machine's disk. What cannot be is refused before anything is changed.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $spec = $Job.Spec
    Assert-AgentTuning -Spec $spec
    $found = Get-AgentDisk -Job $Job
    $vm = $found.Vm
    $device = $found.Device
    $view = Get-AgentDiskView -Device $device -Vm $vm -Resources $Job.Resources
    $changes = [System.Collections.Generic.List[object]]::new()
    $movesBus = $null -ne $spec['bus'] -and $spec['bus'] -cne $view['bus']
    $slot = $null
    if ($movesBus) {
        Assert-AgentState -Vm $vm -State off -Message 'it must be off to move a disk to another bus' -Pointer '/bus'
        $slot = Find-AgentSlot -Vm $vm -Type ([string]$spec['bus']).ToUpperInvariant()
    }
    $renames = $null -ne $spec['name'] -and $spec['name'] -cne $view['name']
    if ($renames) { $null = Resolve-AgentDeviceName -Devices @(Get-AgentDevice -Vm $vm -Note (Read-AgentNote -Text $vm.Notes)) -Name $spec['name'] -Stem 'disk' }
    if ($null -ne $spec['size_bytes']) { $null = Set-AgentDiskSize -Found $found -SizeBytes ([long]$spec['size_bytes']) -Resources $Job.Resources -OnlyCheck }
    $left = [System.Collections.Generic.List[object]]::new()
    foreach ($field in 'size_bytes', 'iops_max', 'bus', 'name') {
        try {
            if ($field -ceq 'size_bytes' -and $null -ne $spec['size_bytes']) {
                $change = Set-AgentDiskSize -Found $found -SizeBytes ([long]$spec['size_bytes']) -Resources $Job.Resources
                if ($null -ne $change) { $changes.Add($change) }
            }
            elseif ($field -ceq 'iops_max' -and $null -ne $spec['iops_max'] -and [long]$spec['iops_max'] -ne [long]$view['iops_max']) {
                Set-VMHardDiskDrive -VMHardDiskDrive $device.Object -MaximumIOPS ([uint64]$spec['iops_max'])
                $changes.Add((New-AgentChange -Field 'iops_max' -From $view['iops_max'] -To $spec['iops_max']))
            }
            elseif ($field -ceq 'bus' -and $movesBus) {
                Set-VMHardDiskDrive -VMHardDiskDrive $device.Object -ToControllerType $slot.Type -ToControllerNumber $slot.Number -ToControllerLocation $slot.Location
                $changes.Add((New-AgentChange -Field 'bus' -From $view['bus'] -To $spec['bus']))
            }
            elseif ($field -ceq 'name' -and $renames) {
                $diskId = $device.Id
                $newName = [string]$spec['name']
                Update-AgentNote -Id (ConvertTo-AgentId -Vm $vm) -Change { param($said) $said.disks[$diskId] = $newName }
                $changes.Add((New-AgentChange -Field 'name' -From $view['name'] -To $newName))
            }
        }
        catch {
            $failure = Resolve-AgentFailure -ErrorRecord $_
            $left.Add([ordered]@{ field = $field; code = $failure.code; message = $failure.message })
        }
    }
    $now = Find-AgentDevice -Devices @(Get-AgentDevice -Vm (Get-AgentVm -Id (ConvertTo-AgentId -Vm $vm)) -Note (Read-AgentNote -Text (Get-AgentVm -Id (ConvertTo-AgentId -Vm $vm)).Notes) -Adapters @()) -Word $device.Id -Kind disk
    if ($null -eq $now) { throw (New-AgentFailure -Code DISK_NOT_FOUND -Message 'The virtual machine lost the disk meanwhile.' -Pointer '/disk') }
    $after = Get-AgentDiskView -Device $now -Vm $vm -Resources $Job.Resources
    foreach ($change in @($changes.ToArray())) {
        if (Test-AgentSameText -Value $change['to'] -Other $after[$change['field']]) { continue }
        $null = $changes.Remove($change)
        $left.Add([ordered]@{ field = $change['field']; code = 'HYPERVISOR_FAILED'; message = "Hyper-V took the change of $($change['field']) and it did not come about." })
    }
    $message = 'The disk is as asked for.'
    if ($left.Count -gt 0) { $message = $left[0]['message'] }
    New-AgentChanged -Id $device.Id -Changes $changes.ToArray() -NotChanged $left.ToArray() -Message $message
}
