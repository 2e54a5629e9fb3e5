# The fake Hyper-V module: that it refuses what Windows refuses, keeps the rules that it models, and is one world for many
# processes. What it says of real Hyper-V is only as good as the published help; nothing here ran on Windows.
[Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseDeclaredVarsMoreThanAssignments', '', Justification = 'Pester blocks share variables')]
param()

BeforeDiscovery {
    Set-StrictMode -Version Latest
    # The published help as JSON: FARHAND_HYPERV_CMDLETS names it; by default shared/data beside the repository. Not there: skipped.
    $dataFile = if ($env:FARHAND_HYPERV_CMDLETS) { $env:FARHAND_HYPERV_CMDLETS } else { [System.IO.Path]::Combine($PSScriptRoot, '..', '..', '..', '..', 'shared', 'data', 'hyperv-cmdlets.json') }
    $noData = -not (Test-Path -LiteralPath $dataFile)
    $stubs = @(Get-ChildItem -LiteralPath (Join-Path $PSScriptRoot 'fake-hyperv/modules/Hyper-V/cmdlets') -Filter *.ps1 | ForEach-Object { @{ Name = $_.BaseName; Help = $dataFile } })
}

BeforeAll {
    Set-StrictMode -Version Latest
    $fake = Join-Path $PSScriptRoot 'fake-hyperv'
    $modulePathBefore = $env:PSModulePath
    Import-Module (Join-Path $fake 'modules/FakeHyperV/FakeHyperV.psd1') -Force
    $null = New-FakeHyperVWorld -Folder (Join-Path $TestDrive 'first')
    Import-Module (Join-Path $fake 'modules/Hyper-V/Hyper-V.psd1') -Force
    Import-Module (Join-Path $fake 'modules/CimCmdlets/CimCmdlets.psd1') -Force

    function New-World {
        [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '', Justification = 'a test folder')]
        param([hashtable]$Definition = @{})
        $folder = Join-Path $TestDrive ([guid]::NewGuid().ToString())
        $null = New-FakeHyperVWorld -Folder $folder -Definition $Definition
        return $folder
    }

    # The id of the error that the block ends with; '' when it does not.
    function Get-ErrorId {
        param([scriptblock]$Block)
        $ErrorActionPreference = 'Stop'
        try { $null = & $Block } catch { return $_.FullyQualifiedErrorId }
        return ''
    }

    # A machine of generation 2 with one disk, without adapters.
    function New-Machine {
        [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '', Justification = 'a fake machine')]
        param([string]$Folder, [string]$Name = 'web', [int]$Generation = 2)
        $vm = New-VM -Name $Name -Generation $Generation -MemoryStartupBytes 1GB -NoVHD -Path $Folder
        Remove-VMNetworkAdapter -VM $vm
        $disk = New-VHD -Path (Join-Path $Folder "$Name.vhdx") -SizeBytes 1GB -Dynamic
        Add-VMHardDiskDrive -VM $vm -Path $disk.Path
        return Get-VM -Id $vm.Id
    }

    # Another process with the same world.
    function Invoke-Process {
        param([string]$Command)
        pwsh -NoProfile -NonInteractive -Command "`$ErrorActionPreference = 'Stop'; Import-Module Hyper-V; $Command"
    }

    $commands = 'Microsoft.HyperV.PowerShell.Commands'
}

AfterAll {
    Remove-Module Hyper-V, CimCmdlets, FakeHyperV -ErrorAction SilentlyContinue
    $env:PSModulePath = $modulePathBefore
    $env:FAKE_HYPERV_STATE = $null
}

Describe 'The shape of the cmdlets' {
    It 'says that it is a fake' {
        (Get-Module Hyper-V).Description | Should -BeLike 'FAKE*'
        (Get-Module CimCmdlets).Description | Should -BeLike 'FAKE*'
    }

    It 'refuses to run without a world' {
        $before = $env:FAKE_HYPERV_STATE
        try {
            $env:FAKE_HYPERV_STATE = $null
            { Get-VM } | Should -Throw '*FAKE_HYPERV_STATE*'
        } finally { $env:FAKE_HYPERV_STATE = $before }
    }

    It 'binds as Windows does: <Id>' -ForEach @(
        @{ Id = 'NamedParameterNotFound,New-VM'; Block = { New-VM -Name a -Memory2 1GB } }
        @{ Id = 'AmbiguousParameterSet,New-VM'; Block = { New-VM -Name a -NoVHD -VHDPath x } }
        @{ Id = 'ParameterArgumentTransformationError,Set-VM'; Block = { Set-VM -Name a -CheckpointType Sometimes } }
        @{ Id = 'ParameterArgumentTransformationError,Set-VM'; Block = { Set-VM -Name a -AutomaticStartDelay soon } }
        @{ Id = 'ParameterArgumentTransformationError,Start-VM'; Block = { Start-VM -VM a } }
        @{ Id = 'ParameterArgumentTransformationError,Start-VM'; Block = { Start-VM -VM @{ Id = 1 } } }
        @{ Id = 'ParameterArgumentValidationError,New-VM'; Block = { New-VM -Name a -Generation 3 } }
        @{ Id = 'ParameterArgumentValidationError,New-VHD'; Block = { New-VHD -Path a.vhdx -SizeBytes 1GB -LogicalSectorSizeBytes 1024 } }
        @{ Id = 'ParameterArgumentTransformationError,Set-VMFirmware'; Block = { Set-VMFirmware -VMName a -EnableSecureBoot $true } }
        @{ Id = 'ParameterArgumentTransformationError,Add-VMHardDiskDrive'; Block = { Add-VMHardDiskDrive -VMName a -ControllerType SATA } }
        @{ Id = 'AmbiguousParameterSet,New-VHD'; Block = { New-VHD -Path a.vhdx -SizeBytes 1GB -Fixed -ParentPath b.vhdx } }
    ) {
        Get-ErrorId $Block | Should -Be $Id
    }

    It 'answers enumerations as values, not as text' {
        $null = New-World
        $vm = New-VM -Name a -NoVHD
        $vm.State.GetType().FullName | Should -Be 'Microsoft.HyperV.PowerShell.VMState'
        [int]$vm.State | Should -Be 3
        "$($vm.State)" | Should -Be 'Off'
    }

    It '<Name> agrees with the published help' -ForEach $stubs -Skip:$noData {
        if ($null -eq (Get-Variable -Name published -Scope Script -ErrorAction SilentlyContinue)) {
            $script:published = (ConvertFrom-Json -InputObject ([System.IO.File]::ReadAllText($Help))).'2025'
        }
        $known = $script:published.$Name
        $command = Get-Command -Name $Name -Module Hyper-V
        $sets = @($known.sets | ForEach-Object { $_ -replace ' \(Default\)$', '' })
        $common = [System.Management.Automation.PSCmdlet]::CommonParameters + [System.Management.Automation.PSCmdlet]::OptionalCommonParameters
        if ($command.DefaultParameterSet) { $known.sets | Should -Contain "$($command.DefaultParameterSet) (Default)" }
        foreach ($parameter in @($command.Parameters.Values | Where-Object { $_.Name -notin $common })) {
            $entry = $known.params.($parameter.Name)
            $entry | Should -Not -BeNullOrEmpty -Because "$($parameter.Name) is published"
            $parameter.ParameterType.Name | Should -Be $entry.type -Because $parameter.Name
            (@($parameter.Aliases) | Sort-Object) -join ',' | Should -Be ((@($entry.aliases) | Sort-Object) -join ',') -Because $parameter.Name
            $entrySets = if ($entry.sets -eq '(All)') { @('__AllParameterSets') } else { @($entry.sets -split ', ') }
            foreach ($set in $parameter.ParameterSets.Keys) {
                if ($set -ne '__AllParameterSets') { $sets | Should -Contain $set }
                $entrySets | Should -Contain $set -Because "$($parameter.Name) is in it"
                $attribute = $parameter.ParameterSets[$set]
                "$($attribute.IsMandatory)" | Should -Be $entry.required -Because $parameter.Name
                if ($attribute.Position -ge 0) { "$($attribute.Position)" | Should -Be $entry.pos -Because $parameter.Name } else { $entry.pos | Should -Be 'Named' -Because $parameter.Name }
            }
            $base = if ($parameter.ParameterType.IsArray) { $parameter.ParameterType.GetElementType() } else { $parameter.ParameterType }
            if ($base.IsEnum -and $null -ne $entry.PSObject.Properties['values']) {
                foreach ($value in ($entry.values -split ', ')) { [System.Enum]::GetNames($base) | Should -Contain $value -Because $parameter.Name }
            }
        }
    }
}

Describe 'Errors' {
    BeforeAll { $folder = New-World; $vm = New-Machine -Folder $folder }

    It 'carries the published id and category, whatever the language' {
        $caught = $null
        try { Get-VM -Name nobody -ErrorAction Stop } catch { $caught = $_ }
        $caught.FullyQualifiedErrorId | Should -Be "InvalidParameter,$commands.GetVM"
        $caught.CategoryInfo.Category | Should -Be 'InvalidArgument'
        $caught.Exception.GetType().FullName | Should -Be 'Microsoft.HyperV.PowerShell.VirtualizationException'
    }

    It 'does not end the caller unless that was asked for' {
        $reached = & { $ErrorActionPreference = 'SilentlyContinue'; Get-VM -Name nobody; 'reached' }
        $reached | Should -Be 'reached'
        Get-VM -Name nobody -ErrorAction SilentlyContinue -ErrorVariable seen
        $seen[-1].FullyQualifiedErrorId | Should -Be "InvalidParameter,$commands.GetVM"
    }

    It 'names the cmdlets on disks by their own assembly' {
        Get-ErrorId { Get-VHD -Path (Join-Path $folder 'none.vhdx') } | Should -Be 'InvalidParameter,Microsoft.Vhd.PowerShell.Cmdlets.GetVhd'
        Get-ErrorId { New-VHD -Path (Join-Path $folder 'web.vhdx') -SizeBytes 1GB } | Should -Be 'OperationFailed,Microsoft.Vhd.PowerShell.Cmdlets.NewVhd'
    }

    It 'fails for want of rights' {
        $null = New-World @{ host = @{ access = 'none' } }
        Get-ErrorId { Get-VM } | Should -Be "AccessDenied,$commands.GetVM"
        Get-ErrorId { Get-CimInstance -Namespace root/virtualization/v2 -ClassName Msvm_ComputerSystem } | Should -BeLike 'HRESULT 0x80041003,*'
    }

    It 'fails where a test wants it to, after what it skips' {
        $null = New-World
        $vm = New-VM -Name a -NoVHD
        Add-FakeHyperVFault -Cmdlet Set-VMProcessor -Id OutOfMemory -Skip 1
        Get-ErrorId { Set-VMProcessor -VM $vm -Count 2 } | Should -Be ''
        Get-ErrorId { Set-VMProcessor -VM $vm -Count 2 } | Should -Be "OutOfMemory,$commands.SetVMProcessor"
        Get-ErrorId { Set-VMProcessor -VM $vm -Count 2 } | Should -Be ''
    }
}

Describe 'Machines' {
    BeforeEach { $folder = New-World }

    It 'makes one with an adapter that nobody asked for, generation 1 with a drive too' {
        $two = New-VM -Name b -Generation 2 -NoVHD
        @($two.NetworkAdapters).Count | Should -Be 1
        @($two.DVDDrives).Count | Should -Be 0
        $one = New-VM -Name a -NoVHD
        $one.Generation | Should -Be 1
        @($one.DVDDrives).Count | Should -Be 1
    }

    It 'takes wildcards and the same name twice; an Id is one machine' {
        $first = New-VM -Name 'x[1]' -NoVHD
        $null = New-VM -Name 'x1' -NoVHD
        $null = New-VM -Name 'x1' -NoVHD
        (Get-VM -Name 'x[1]').Name | Should -Be @('x1', 'x1')
        (Get-VM -Id $first.Id).Name | Should -Be 'x[1]'
        @(Get-VM -Name 'y*').Count | Should -Be 0
    }

    It 'keeps text as it came, for this process and the next' {
        $texts = "a'b`"c", '$(exit 3)`n', "zeile`r`nzwei", ([string][char]0x00E9 + [char]::ConvertFromUtf32(0x1F600)), '2024-01-02T03:04:05Z', ('x' * 10240)
        $ids = foreach ($text in $texts) {
            $vm = New-VM -Name a -NoVHD
            Set-VM -VM $vm -Notes $text
            (Get-VM -Id $vm.Id).Notes | Should -BeExactly $text
            "'$($vm.Id)'"
        }
        $ids.Count | Should -Be 6
        $lengths = Invoke-Process "(@($($ids -join ',') | ForEach-Object { (Get-VM -Id `$_).Notes.Length }) -join ',')"
        $lengths | Should -Be (@($texts | ForEach-Object { $_.Length }) -join ',')
    }

    It 'keeps disks when it is removed, asks without -Force, and is off first' {
        $vm = New-Machine -Folder $folder
        Get-ErrorId { Remove-VM -VM $vm } | Should -Be "Unspecified,$commands.RemoveVM"
        Start-VM -VM $vm
        Get-ErrorId { Remove-VM -VM $vm -Force } | Should -Be "InvalidState,$commands.RemoveVM"
        Stop-VM -VM $vm -TurnOff
        Remove-VM -VM $vm -Force
        Get-ErrorId { Get-VM -Id $vm.Id } | Should -Be "InvalidParameter,$commands.GetVM"
        Get-ErrorId { Start-VM -VM $vm } | Should -Be "ObjectNotFound,$commands.StartVM"
        Test-Path -LiteralPath (Join-Path $folder 'web.vhdx') | Should -BeTrue
    }

    It 'lets processors, firmware and TPM change only while off' {
        $vm = New-Machine -Folder $folder
        Start-VM -VM $vm
        Get-ErrorId { Set-VMProcessor -VM $vm -Count 2 } | Should -Be "InvalidState,$commands.SetVMProcessor"
        Get-ErrorId { Set-VM -VM $vm -ProcessorCount 2 } | Should -Be "InvalidState,$commands.SetVM"
        Get-ErrorId { Set-VMProcessor -VM $vm -RelativeWeight 200 } | Should -Be ''
        Get-ErrorId { Set-VMFirmware -VM $vm -EnableSecureBoot Off } | Should -Be "InvalidState,$commands.SetVMFirmware"
        Get-ErrorId { Set-VMKeyProtector -VM $vm -NewLocalKeyProtector } | Should -Be "InvalidState,$commands.SetVMKeyProtector"
    }

    It 'knows templates by their real names and fixes them once there was a TPM' {
        $vm = New-Machine -Folder $folder
        Get-ErrorId { Set-VMFirmware -VM $vm -SecureBootTemplate 'Microsoft Windows' } | Should -Be "InvalidParameter,$commands.SetVMFirmware"
        Set-VMFirmware -VM $vm -SecureBootTemplate MicrosoftUEFICertificateAuthority
        (Get-VMFirmware -VM $vm).SecureBootTemplate | Should -Be 'MicrosoftUEFICertificateAuthority'
        (Get-VMKeyProtector -VM $vm).Count | Should -Be 4
        Get-ErrorId { Enable-VMTPM -VM $vm } | Should -Be "OperationFailed,$commands.EnableVMTPM"
        Set-VMKeyProtector -VM $vm -NewLocalKeyProtector
        Enable-VMTPM -VM $vm
        (Get-VMSecurity -VM $vm).TpmEnabled | Should -BeTrue
        Get-ErrorId { Set-VMFirmware -VM $vm -SecureBootTemplate MicrosoftWindows } | Should -Be "OperationFailed,$commands.SetVMFirmware"
        Get-ErrorId { Set-VMFirmware -VM $vm -EnableSecureBoot Off } | Should -Be ''
        $old = New-VM -Name old -NoVHD
        Get-ErrorId { Get-VMFirmware -VM $old } | Should -Be "InvalidParameter,$commands.GetVMFirmware"
    }

    It 'boots generation 1 by kinds of devices, each named once' {
        $old = New-VM -Name old -NoVHD
        Set-VMBios -VM $old -StartupOrder IDE, CD, Floppy, LegacyNetworkAdapter
        (Get-VMBios -VM $old).StartupOrder[0] | Should -Be 'IDE'
        Get-ErrorId { Set-VMBios -VM $old -StartupOrder IDE, IDE, Floppy, LegacyNetworkAdapter } | Should -Be "InvalidParameter,$commands.SetVMBios"
        Get-ErrorId { Set-VMBios -VM $old -StartupOrder IDE } | Should -Be "InvalidParameter,$commands.SetVMBios"
        Get-ErrorId { Get-VMBios -VM (New-Machine -Folder $folder) } | Should -Be "InvalidParameter,$commands.GetVMBios"
    }

    It 'holds the rules of dynamic memory' {
        $vm = New-Machine -Folder $folder
        Get-ErrorId { Set-VM -VM $vm -MemoryMinimumBytes 512MB } | Should -Be "InvalidParameter,$commands.SetVM"
        Get-ErrorId { Set-VM -VM $vm -StaticMemory -DynamicMemory } | Should -Be "InvalidParameter,$commands.SetVM"
        Get-ErrorId { Set-VMMemory -VM $vm -StartupBytes 1000000000 } | Should -Be "InvalidParameter,$commands.SetVMMemory"
        Set-VMMemory -VM $vm -DynamicMemoryEnabled $true -MinimumBytes 512MB -StartupBytes 1GB -MaximumBytes 2GB -Buffer 30
        Get-ErrorId { Set-VMMemory -VM $vm -MinimumBytes 4GB } | Should -Be "InvalidParameter,$commands.SetVMMemory"
        Start-VM -VM $vm
        Get-ErrorId { Set-VMMemory -VM $vm -MinimumBytes 256MB -MaximumBytes 4GB } | Should -Be ''
        Get-ErrorId { Set-VMMemory -VM $vm -MinimumBytes 768MB } | Should -Be "InvalidState,$commands.SetVMMemory"
        Get-ErrorId { Set-VMMemory -VM $vm -DynamicMemoryEnabled $false } | Should -Be "InvalidState,$commands.SetVMMemory"
        (Get-VMMemory -VM $vm).Buffer | Should -Be 30
    }

    It 'starts only what the host has memory and files for' {
        $folder = New-World @{ host = @{ memoryBytes = 1536MB } }
        $vm = New-Machine -Folder $folder
        $other = New-Machine -Folder $folder -Name other
        Start-VM -VM $vm
        Get-ErrorId { Start-VM -VM $other } | Should -Be "OutOfMemory,$commands.StartVM"
        Stop-VM -VM $vm -TurnOff
        Remove-Item -LiteralPath (Join-Path $folder 'other.vhdx')
        Get-ErrorId { Start-VM -VM $other } | Should -Be "ObjectNotFound,$commands.StartVM"
    }

    It 'finds integration services by their names in Windows'' language, and by the component in the Id' {
        $vm = New-Machine -Folder $folder
        Get-ErrorId { Enable-VMIntegrationService -VM $vm -Name 'Guest Service Interface' } | Should -Be "InvalidParameter,$commands.EnableVMIntegrationService"
        $service = Get-VMIntegrationService -VM $vm | Where-Object { $_.Id -like '*6C09BB55-D683-4DA0-8931-C9BF705F6480' }
        $service.Enabled | Should -BeFalse
        Enable-VMIntegrationService -VMIntegrationService $service
        (Get-VMIntegrationService -VM $vm -Name $service.Name).Enabled | Should -BeTrue
    }
}

Describe 'Power' {
    It 'goes through the states that Windows has' {
        $folder = New-World
        $vm = New-Machine -Folder $folder
        Get-ErrorId { Suspend-VM -VM $vm } | Should -Be "InvalidState,$commands.SuspendVM"
        Start-VM -VM $vm
        Suspend-VM -VM $vm
        "$((Get-VM -Id $vm.Id).State)" | Should -Be 'Paused'
        Get-ErrorId { Stop-VM -VM $vm } | Should -Be "InvalidState,$commands.StopVM"
        Resume-VM -VM $vm
        Save-VM -VM $vm
        Get-ErrorId { Set-VMProcessor -VM $vm -Count 2 } | Should -Be "InvalidState,$commands.SetVMProcessor"
        Remove-VMSavedState -VM $vm
        "$((Get-VM -Id $vm.Id).State)" | Should -Be 'Off'
    }

    It 'fails at once for a guest that cannot be asked, and waits for one that ignores it' {
        $folder = New-World @{ timing = @{ hangMs = 100 } }
        $vm = New-Machine -Folder $folder
        Start-VM -VM $vm
        Edit-FakeHyperVWorld { param($World) $World.vms[0].guest.heartbeat = $false }
        Get-ErrorId { Stop-VM -VM $vm } | Should -Be "OperationFailed,$commands.StopVM"
        "$((Get-VM -Id $vm.Id).State)" | Should -Be 'Running'
        Edit-FakeHyperVWorld { param($World) $World.vms[0].guest.heartbeat = $true; $World.vms[0].guest.shutdown = 'ignore' }
        Get-ErrorId { Stop-VM -VM $vm -Force } | Should -Be "OperationFailed,$commands.StopVM"
        "$((Get-VM -Id $vm.Id).State)" | Should -Be 'Stopping'
        Stop-VM -VM $vm -TurnOff
        "$((Get-VM -Id $vm.Id).State)" | Should -Be 'Off'
    }

    It 'lets another process pull the plug while one waits' {
        $folder = New-World
        $vm = New-Machine -Folder $folder
        Start-VM -VM $vm
        Edit-FakeHyperVWorld { param($World) $World.vms[0].guest.shutdown = 'ignore' }
        $waiting = Start-Process -FilePath pwsh -ArgumentList '-NoProfile', '-NonInteractive', '-Command', "Import-Module Hyper-V; Get-VM -Id $($vm.Id) | Stop-VM -ErrorAction Stop" -PassThru
        $deadline = [datetime]::UtcNow.AddSeconds(60)
        while ("$((Get-VM -Id $vm.Id).State)" -ne 'Stopping' -and [datetime]::UtcNow -lt $deadline) { Start-Sleep -Milliseconds 20 }
        $waiting.HasExited | Should -BeFalse
        Stop-VM -VM $vm -TurnOff
        $waiting.WaitForExit(60000) | Should -BeTrue
        $waiting.ExitCode | Should -Be 0
    }
}

Describe 'Disks and drives' {
    BeforeEach { $folder = New-World; $vm = New-Machine -Folder $folder }

    It 'refuses slots that are taken or not there' {
        $path = (New-VHD -Path (Join-Path $folder 'b.vhdx') -SizeBytes 1GB).Path
        Get-ErrorId { Add-VMHardDiskDrive -VM $vm -Path $path -ControllerType SCSI -ControllerNumber 0 -ControllerLocation 0 } | Should -Be "InvalidParameter,$commands.AddVMHardDiskDrive"
        Get-ErrorId { Add-VMHardDiskDrive -VM $vm -Path $path -ControllerType IDE } | Should -Be "InvalidParameter,$commands.AddVMHardDiskDrive"
        Get-ErrorId { Add-VMHardDiskDrive -VM $vm -Path $path -ControllerNumber 1 } | Should -Be "InvalidParameter,$commands.AddVMHardDiskDrive"
        Add-VMScsiController -VM $vm
        (Add-VMHardDiskDrive -VM $vm -Path $path -ControllerNumber 1 -Passthru).ControllerLocation | Should -Be 0
        @(Get-VMScsiController -VM $vm).Count | Should -Be 2
    }

    It 'never makes a disk smaller, and grows it while the machine runs only without checkpoints' {
        $path = Join-Path $folder 'web.vhdx'
        Get-ErrorId { Resize-VHD -Path $path -SizeBytes 512MB } | Should -Be 'OperationFailed,Microsoft.Vhd.PowerShell.Cmdlets.ResizeVhd'
        Get-ErrorId { Resize-VHD -Path $path -SizeBytes 2000000001 } | Should -Be 'InvalidParameter,Microsoft.Vhd.PowerShell.Cmdlets.ResizeVhd'
        Start-VM -VM $vm
        Resize-VHD -Path $path -SizeBytes 2GB
        (Get-VHD -Path $path).Size | Should -Be 2GB
        Checkpoint-VM -VM $vm -SnapshotName s
        Get-ErrorId { Resize-VHD -Path $path -SizeBytes 3GB } | Should -Be 'OperationFailed,Microsoft.Vhd.PowerShell.Cmdlets.ResizeVhd'
    }

    It 'lets nobody copy or share what a running machine writes to' {
        $path = Join-Path $folder 'web.vhdx'
        $other = New-VM -Name other -Generation 2 -MemoryStartupBytes 1GB -VHDPath $path
        Start-VM -VM $vm
        Get-ErrorId { Start-VM -VM $other } | Should -Be "OperationFailed,$commands.StartVM"
        Get-ErrorId { Convert-VHD -Path $path -DestinationPath (Join-Path $folder 'c.vhdx') } | Should -Be 'OperationFailed,Microsoft.Vhd.PowerShell.Cmdlets.ConvertVhd'
        Get-ErrorId { New-VHD -Path (Join-Path $folder 'd.vhdx') -ParentPath $path -Differencing } | Should -Be 'OperationFailed,Microsoft.Vhd.PowerShell.Cmdlets.NewVhd'
    }

    It 'flattens, links and merges with the content in place' {
        $path = Join-Path $folder 'web.vhdx'
        Write-FakeHyperVDisk -Path $path -Text one
        $child = (New-VHD -Path (Join-Path $folder 'child.vhdx') -ParentPath $path -Differencing).Path
        Write-FakeHyperVDisk -Path $child -Text two
        Convert-VHD -Path $child -DestinationPath (Join-Path $folder 'flat.vhdx') -VHDType Fixed
        $flat = Get-VHD -Path (Join-Path $folder 'flat.vhdx')
        "$($flat.VhdType)" | Should -Be 'Fixed'
        Read-FakeHyperVDisk -Path $flat.Path | Should -Be @('one', 'two')
        Merge-VHD -Path $child -DestinationPath $path
        Read-FakeHyperVDisk -Path $path | Should -Be @('one', 'two')
        Test-Path -LiteralPath $child | Should -BeFalse
    }

    It 'orders booting by devices of the same machine' {
        $nic = Add-VMNetworkAdapter -VM $vm -Name lan -SwitchName LAN -Passthru
        Set-VMFirmware -VM $vm -FirstBootDevice $nic
        (Get-VMFirmware -VM $vm).BootOrder[0].Device.Name | Should -Be 'lan'
        $foreign = (New-Machine -Folder $folder -Name other).HardDrives[0]
        Get-ErrorId { Set-VMFirmware -VM $vm -FirstBootDevice $foreign } | Should -Be "ObjectNotFound,$commands.SetVMFirmware"
    }

    It 'ejects with no path, and refuses a medium that is not there' {
        $iso = Join-Path $folder 'a.iso'
        [System.IO.File]::WriteAllText($iso, 'x')
        Add-VMDvdDrive -VM $vm -Path $iso
        Start-VM -VM $vm
        Get-VMDvdDrive -VM $vm | Set-VMDvdDrive -Path $null
        "$((Get-VMDvdDrive -VM $vm).DvdMediaType)" | Should -Be 'None'
        Get-ErrorId { Get-VMDvdDrive -VM $vm | Set-VMDvdDrive -Path (Join-Path $folder 'none.iso') } | Should -Be "InvalidParameter,$commands.SetVMDvdDrive"
    }
}

Describe 'Network adapters' {
    BeforeEach { $folder = New-World; $vm = New-Machine -Folder $folder; $nic = Add-VMNetworkAdapter -VM $vm -Name lan -SwitchName LAN -Passthru }

    It 'counts bandwidth in bits per second and says nothing where nothing was set' {
        $nic.BandwidthSetting | Should -BeNullOrEmpty
        Set-VMNetworkAdapter -VMNetworkAdapter $nic -MaximumBandwidth 100000000 -MinimumBandwidthAbsolute 10000000
        (Get-VMNetworkAdapter -VM $vm -Name lan).BandwidthSetting.MaximumBandwidth | Should -Be 100000000
        Get-ErrorId { Set-VMNetworkAdapter -VMNetworkAdapter $nic -MinimumBandwidthAbsolute 200000000 } | Should -Be "InvalidParameter,$commands.SetVMNetworkAdapter"
        Get-ErrorId { Set-VMNetworkAdapter -VMNetworkAdapter $nic -MinimumBandwidthWeight 5 } | Should -Be "OperationFailed,$commands.SetVMNetworkAdapter"
    }

    It 'takes one VLAN mode with what it needs' {
        Set-VMNetworkAdapterVlan -VMNetworkAdapter $nic -Access -VlanId 12
        (Get-VMNetworkAdapterVlan -VMNetworkAdapter $nic).AccessVlanId | Should -Be 12
        Set-VMNetworkAdapterVlan -VMNetworkAdapter $nic -Trunk -NativeVlanId 1 -AllowedVlanIdList '10-12,20'
        (Get-VMNetworkAdapterVlan -VMNetworkAdapter $nic).AllowedVlanIdList | Should -Be @(10, 11, 12, 20)
        Get-ErrorId { Set-VMNetworkAdapterVlan -VMNetworkAdapter $nic -Access -VlanId 5000 } | Should -Be "InvalidParameter,$commands.SetVMNetworkAdapterVlan"
        Get-ErrorId { Set-VMNetworkAdapterVlan -VMNetworkAdapter $nic -Access -Untagged -VlanId 5 } | Should -Be "InvalidParameter,$commands.SetVMNetworkAdapterVlan"
    }

    It 'changes addresses only while off, gives one at the first start, and knows its switches' {
        $nic.MacAddress | Should -Be '000000000000'
        Start-VM -VM $vm
        (Get-VMNetworkAdapter -VM $vm).MacAddress | Should -Match '^00155D[0-9A-F]{6}$'
        Get-ErrorId { Set-VMNetworkAdapter -VMNetworkAdapter $nic -StaticMacAddress '02-00-00-00-00-01' } | Should -Be "InvalidState,$commands.SetVMNetworkAdapter"
        Get-ErrorId { Connect-VMNetworkAdapter -VMNetworkAdapter $nic -SwitchName nowhere } | Should -Be "InvalidParameter,$commands.ConnectVMNetworkAdapter"
        Disconnect-VMNetworkAdapter -VMNetworkAdapter $nic
        (Get-VMNetworkAdapter -VM $vm).Connected | Should -BeFalse
        Get-VMSwitch -SwitchType External | ForEach-Object { $_.Name } | Should -Be 'LAN'
    }
}

Describe 'Checkpoints' {
    BeforeEach { $folder = New-World; $vm = New-Machine -Folder $folder; $base = Join-Path $folder 'web.vhdx' }

    It 'goes back to what was there, and merges what it deletes' {
        Write-FakeHyperVDisk -Path $base -Text old
        Checkpoint-VM -VM $vm -SnapshotName one
        $live = (Get-VMHardDiskDrive -VM $vm).Path
        $live | Should -Match '\.avhdx$'
        (Get-VHD -Path $live).ParentPath | Should -Be $base
        Write-FakeHyperVDisk -Path $live -Text new
        Set-VM -VM $vm -Notes changed
        Checkpoint-VM -VM $vm -SnapshotName two
        (Get-VMSnapshot -VM $vm -Name two).ParentSnapshotName | Should -Be 'one'
        Restore-VMSnapshot -VM $vm -Name one -Confirm:$false
        Read-FakeHyperVDisk -Path (Get-VMHardDiskDrive -VM $vm).Path | Should -Be 'old'
        (Get-VM -Id $vm.Id).Notes | Should -Be ''
        Restore-VMSnapshot -VM $vm -Name two -Confirm:$false
        Read-FakeHyperVDisk -Path (Get-VMHardDiskDrive -VM $vm).Path | Should -Be @('old', 'new')
        Get-VMSnapshot -VM $vm | Remove-VMSnapshot
        (Get-VMHardDiskDrive -VM $vm).Path | Should -Be $base
        Read-FakeHyperVDisk -Path $base | Should -Be @('old', 'new')
        @(Get-ChildItem -LiteralPath $folder -Filter *.avhdx -Recurse).Count | Should -Be 0
    }

    It 'holds memory only when it is a standard one of a running machine' {
        Start-VM -VM $vm
        Checkpoint-VM -VM $vm -SnapshotName production
        Set-VM -VM $vm -CheckpointType Standard
        Checkpoint-VM -VM $vm -SnapshotName standard
        "$((Get-VMSnapshot -VM $vm -Name production).State)" | Should -Be 'Off'
        "$((Get-VMSnapshot -VM $vm -Name standard).State)" | Should -Be 'Saved'
        Set-VM -VM $vm -CheckpointType Disabled
        Get-ErrorId { Checkpoint-VM -VM $vm } | Should -Be "InvalidState,$commands.CheckpointVM"
    }

    It 'stands in the way while it merges' {
        Checkpoint-VM -VM $vm -SnapshotName one
        Edit-FakeHyperVWorld { param($World) $World.timing.mergeMs = 3600000 }
        Remove-VMSnapshot -VMName web
        (Get-VM -Id $vm.Id).Status | Should -Not -Be 'Normaler Betrieb'
        "$((Get-VM -Id $vm.Id).SecondaryOperationalStatus)" | Should -Be 'MergingDisks'
        Get-ErrorId { Start-VM -VM $vm } | Should -Be "InvalidState,$commands.StartVM"
        Edit-FakeHyperVWorld { param($World) $World.vms[0].merges[0].untilMs = 0 }
        Start-VM -VM $vm
        (Get-VMHardDiskDrive -VM $vm).Path | Should -Be $base
    }

    It 'makes automatic ones where Windows does, and takes them back' {
        Set-VM -VM $vm -AutomaticCheckpointsEnabled $true
        Start-VM -VM $vm
        (Get-VMSnapshot -VM $vm).IsAutomaticCheckpoint | Should -BeTrue
        Stop-VM -VM $vm
        (Get-VMHardDiskDrive -VM $vm).Path | Should -Be $base
    }
}
